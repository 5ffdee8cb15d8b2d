#!/bin/sh
# The first process with a configuration that is wrong: nothing is started, the network stays closed, and the console is
# usable. What runs this is the shell there.
# kernels: once alpine-6.18
# init: init-broken.conf
# files: init-broken.shell=usr/bin/sh
# append: modules=dummy dummy.numdummies=1
# modules: vrf dummy
# says: vrf-launch: /etc/vrf-launch.conf:8: address "10.20.30.40/33":
# says: vrf-launch: nothing is started; a shell is on the console
# says: reboot: Restarting system

case_ the_shell_is_on_the_console
equal 'its parent' "$PPID" 1
equal 'input' "$(readlink /proc/$$/fd/0)" /dev/console
equal 'it has a terminal, for Ctrl-C' "$(cut -d' ' -f7 /proc/$$/stat)" "$((4 << 8 | 64))"
expect 'file systems are there' grep -q ' /sys/fs/cgroup cgroup2 ' /proc/mounts

case_ the_network_is_closed
equal 'what is up' "$(ip -j link | jq -r '.[] | select(.flags | index("UP")) | .ifname')" ''
equal 'addresses' "$(ip -j addr | jq '[.[].addr_info[]] | length')" 0
match 'the interface is there' "$(ip -j link show dummy0)" dummy0
refuse 'no VRF' ip link show mgmt

case_ nothing_is_started
sleep 1
refuse 'no service' test -e /run/started

case_ it_ends_the_machine
end_
kill -TERM 1
sleep 60
