#!/bin/sh
# In front of another init: `rdinit=/init -- /vrf-launch.init` brings interfaces up, and the guest's usual init goes on as the
# first process.
# init: init-front.conf
# append: splash -- /vrf-launch.init
# kernels: once
# modules: vrf dummy

case_ the_other_init_is_the_first_process
match 'its command line' "$(tr '\0' ' ' </proc/1/cmdline)" '/bin/sh /vrf-launch.init'

case_ interfaces_are_up
equal 'the VRF' "$(ip -d -j link show mgmt | jq '.[0].linkinfo.info_data.table')" 10
match 'the rules' "$(ip -6 rule)" '^0:.*l3mdev.* unreachable'
