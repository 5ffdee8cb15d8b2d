#!/bin/sh
# In front of busybox init: interfaces are up when it starts, and lines of its inittab start services in VRFs.
# init: init-front.conf
# files: init-front-busybox.inittab=etc/inittab
# append: rdinit=/vrf-launch -- /busybox/init
# modules: vrf dummy
# kernels: debian-6.1
# says: The system is going down NOW!
# says: reboot: Restarting system

case_ busybox_is_the_first_process
equal 'its program' "$(readlink /proc/1/exe)" /busybox/busybox

case_ interfaces_are_up
equal 'the VRF' "$(ip -d -j link show mgmt | jq '.[0].linkinfo.info_data.table')" 10
match 'the rules' "$(ip -6 rule)" '^0:.*l3mdev.* unreachable'

case_ its_services_are_in_the_vrf
expect 'it runs' soon sh -c 'ip vrf pids mgmt | grep -q sleep'
kill -9 "$(ip vrf pids mgmt | awk '{ print $1 }')"
expect 'and again' soon sh -c 'ip vrf pids mgmt | grep -q sleep'

case_ it_ends_the_machine
end_
kill -TERM 1
