#!/bin/sh
# The machine itself: the kernel boots, knows VRFs, and the tools that the other scenarios rely on are there.
# processors: all
# modules: vrf veth dummy

case_ kernel_makes_a_vrf
expect 'a VRF can be made' ip link add probe type vrf table 5
equal 'its table' "$(ip -d -j link show probe | jq '.[0].linkinfo.info_data.table')" 5
expect 'it goes away' ip link del probe

case_ far_host_answers
far lan eth0 10.20.30.1/24 fd20::1/64
ip link set eth0 up
ip addr add 10.20.30.40/24 dev eth0
ip addr add fd20::40/64 dev eth0
expect 'IPv4' soon ping -q -c 1 -W 1 10.20.30.1
expect 'IPv6' soon ping -q -c 1 -W 1 fd20::1
ip link del eth0
ip netns del lan

case_ tools_run
for tool in ip tc ss socat sshd ssh ssh-keygen strace bpftool jq tcpdump setpriv; do
    path=$(command -v "$tool")
    [ -n "$path" ] || fail "no $tool"
    "$path" --version >/tmp/said 2>&1 </dev/null
    refuse "$tool lacks a library" grep 'shared lib' /tmp/said
done

case_ cgroup2_is_mounted
expect 'it is' test -e /sys/fs/cgroup/cgroup.procs
expect 'ip vrf exec works' sh -c 'ip link add probe type vrf table 5 && ip vrf exec probe true'
ip link del probe
rmdir /sys/fs/cgroup/vrf/probe

case_ state_shows_no_difference_without_a_change
state >/tmp/before
same_state 'twice the same' /tmp/before
