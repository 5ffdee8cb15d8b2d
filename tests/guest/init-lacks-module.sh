#!/bin/sh
# The first process without the module vrf: what was to be in the VRF stays closed, and everything else goes on.
# init: init-lacks-module.conf
# append: modules=dummy,nonsense dummy.numdummies=1
# modules: dummy
# kernels: debian-6.1
# says: /etc/vrf-launch.conf:4: cannot add link mgmt type vrf table 10: EOPNOTSUPP
# says: reboot: Restarting system

case_ what_was_to_be_in_the_vrf_is_closed
refuse 'the VRF is not there' ip link show mgmt
equal 'its interface is not up' "$(ip -j link show dummy0 | jq '.[0].flags | index("UP")')" null
equal 'and has no address' "$(ip -j addr show dummy0 | jq '.[0].addr_info | length')" 0

case_ its_service_is_not_started
match 'it is said why' "$(dmesg | grep vrf-launch)" 'inside: ended with exit code 111; again in [0-9]* s'
refuse 'nothing of it has run' test -e /run/inside

case_ it_ends_the_machine
end_
kill -TERM 1
sleep 60
