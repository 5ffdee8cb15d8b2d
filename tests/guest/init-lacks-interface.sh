#!/bin/sh
# The first process, with an interface that is not there: it waits as long as it was told, and then takes it when it comes.
# init: init-lacks-interface.conf
# append: rdinit=/vrf-launch -- --wait 2
# modules: vrf dummy
# kernels: debian-6.1
# says: vrf-launch: /etc/vrf-launch.conf:9: cannot set link dev eth0 master mgmt: ENODEV
# says: reboot: Restarting system

case_ the_service_is_in_the_vrf_all_the_same
expect 'it runs' soon sh -c 'ip vrf pids mgmt | grep -q sleep'
service=$(ip vrf pids mgmt | awk '{ print $1 }')
refuse 'without a network' /vrf-launch mgmt -- ping -c 1 -W 1 10.20.30.40

case_ the_interface_is_taken_when_it_comes
ip link add eth0 type dummy
back() { ip -j addr show eth0 | jq -e '.[0].master == "mgmt" and (.[0].addr_info | length) >= 1 and (.[0].flags | index("UP")) != null'; }
expect 'it is a member, with its address' soon back
expect 'and is used' /vrf-launch mgmt -- ping -c 1 -W 1 10.20.30.40
equal 'by the service that ran before' "$(ip vrf pids mgmt | awk '{ print $1 }')" "$service"

case_ it_ends_the_machine
end_
kill -TERM 1
sleep 60
