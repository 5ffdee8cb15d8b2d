#!/bin/sh
# `vrf-launch check`: what holds is said to hold, and each thing that does not is named.
# kernels: once alpine-6.18
# modules: vrf dummy
# timeout: 300
cat >/tmp/conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10

auto eth1
iface eth1
    vrf mgmt
    address 10.20.30.40/24
END
ip link set lo up
ip link add eth1 type dummy
ip link add eth2 type dummy
ip addr add 192.0.2.1/24 dev eth2
ip link set eth2 up

# check ARGUMENT...: runs it
check() {
    run /vrf-launch check -c /tmp/conf "$@"
}
# holds WHAT: nothing was found
holds() {
    equal "$1: exit code" "$status$err" 0 || printf '%s\n' "$out" | shown
    refuse "$1: something does not hold" sh -c "echo '$out' | grep FAIL"
}
# finds WHAT REGEX: something does not hold, and that is said
finds() {
    equal "$1: exit code" "$status$err" 1
    match "$1: it is named" "$out" "^  FAIL  $2" || printf '%s\n' "$out" | shown
}
# service: one that runs, in $pid
service() {
    background /vrf-launch mgmt -- sleep 1000
    soon grep -q sleep "/proc/$pid/comm" || fail 'it does not run'
}

case_ sound_vrf_at_guard_holds_and_nothing_is_left_behind
expect 'up' /vrf-launch up -c /tmp/conf
find /sys/fs/cgroup /run -type d >/tmp/folders
state >/tmp/before
check mgmt
holds 'it'
printf '%s\n' "$out" | shown
match 'tried at the default level' "$out" '^ways out, tried at level guard '
match 'last word' "$out" '^  ok    all of it holds$'
unknown=$(printf '%s\n' "$out" | grep '?')
[ -e /proc/sys/net/mptcp ] || unknown=$(printf '%s\n' "$unknown" | grep -v ' MPTCP ')
equal 'every way works outside, so that something is known' "$unknown" ''
find /sys/fs/cgroup /run -type d | cmp -s - /tmp/folders || fail 'a folder is left'
same_state 'the network is as it was' /tmp/before

case_ services_are_listed_and_tried_as_they_are
service
check mgmt
holds 'it'
match 'its cgroup and level' "$out" '^  ok    services of level guard in /vrf-launch-guard/vrf/mgmt, vlguar_'
match 'its process' "$out" "^  ok    process $pid sleep, user 0$"
equal 'it is still there' "$(/vrf-launch pids mgmt | grep -c .)" 1

case_ root_is_kept_in_at_strict
check mgmt --isolation strict
holds 'it'
match 'as root' "$out" '^  ok    IPv4: cgroup.procs: .* works .* held \(EROFS\)'
match 'as root' "$out" '^  ok    IPv4: SO_BINDTODEVICE .* works .* held \(EPERM\)'
printf '%s\n' "$out" | tail -n 40 | shown

case_ level_bind_lets_out
check mgmt --isolation bind
finds 'a freed socket' 'IPv4: a socket freed by connect\(AF_UNSPEC\) .* GETS THROUGH'
if [ -e /proc/sys/net/mptcp ]; then
    finds 'MPTCP' 'IPv4: an MPTCP connection .* GETS THROUGH'
    finds 'MPTCP, from outside' 'IPv4: an MPTCP listener .* GETS THROUGH'
fi
finds 'packet info' 'IPv4: IP_PKTINFO .* GETS THROUGH'
finds 'scope id' 'IPv6: multicast by a scope id .* GETS THROUGH'
match 'not plain sockets' "$out" '^  ok    IPv4: a datagram .* held'
printf '%s\n' "$out" | tail -n 40 | shown

case_ ip_vrf_exec_does_too
background ip vrf exec mgmt sleep 1000
soon grep -q sleep "/proc/$pid/comm" || fail 'it does not run'
check mgmt
finds 'as bind' 'IPv4: a socket freed by connect\(AF_UNSPEC\) .* GETS THROUGH'
match 'its process' "$out" "^  ok    process $pid sleep, user 0$"

case_ rules_that_are_missing_or_in_the_way
ip -6 rule del pref 0 l3mdev unreachable protocol kernel
check mgmt
finds 'the end of IPv6' 'IPv6 rules: l3mdev unreachable is missing'
match 'IPv4 is well' "$out" '^  ok    IPv4 rules: 0 l3mdev, 0 l3mdev unreachable, 0 local, 1000 l3mdev, 32766 main, 32767 default'
expect 'up repairs it' /vrf-launch up -c /tmp/conf
ip -4 rule del pref 0 l3mdev protocol kernel
ip -4 rule add pref 0 l3mdev protocol kernel
check mgmt
finds 'local before it' 'IPv4 rules: l3mdev stands behind the rule that ends the lookups of VRFs'
expect 'up repairs that' /vrf-launch up -c /tmp/conf
ip -4 rule add pref 1500 fwmark 7 table 77
check mgmt
holds 'a rule of others behind them'
ip -4 rule del pref 1500
check mgmt
holds 'at last'

case_ member_or_vrf_that_is_down
ip link set eth1 down
check mgmt
finds 'the member' 'eth1: down'
ip link set mgmt down
check mgmt
finds 'the VRF' 'mgmt: down'
expect 'up' /vrf-launch up -c /tmp/conf

case_ filter_for_other_members
service
ip link set eth2 master mgmt
check mgmt
finds 'it' '.*: the program that filters what leaves is for other members'
ip link set eth2 nomaster
ip link set eth2 up
check mgmt
holds 'and back'

case_ process_that_was_moved_in
service
sleep 1000 &
moved=$!
echo $moved >/sys/fs/cgroup/vrf-launch-guard/vrf/mgmt/cgroup.procs
check mgmt
finds 'it' "process $moved sleep, user 0: has no filter of system calls"
kill $moved

case_ vrf_made_anew_under_a_service
service
ip link del mgmt
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link set eth1 master mgmt
check mgmt
finds 'the program' '.*: the program that binds sockets is for another interface: the VRF was deleted and made anew'
finds 'and what comes of it' 'IPv4: a new UDP socket is bound elsewhere .* GETS THROUGH'
expect 'up' /vrf-launch up -c /tmp/conf
check mgmt
holds 'up repairs it'

case_ nothing_is_known_without_lo
ip link set lo down
check mgmt
finds 'it' 'nothing arrives by lo outside either'
ip link set lo up

case_ sockets_that_hear_all_vrfs_are_no_way_out
sysctl -qw net.ipv4.tcp_l3mdev_accept=1 net.ipv4.udp_l3mdev_accept=1
check mgmt
holds 'it'
sysctl -qw net.ipv4.tcp_l3mdev_accept=0 net.ipv4.udp_l3mdev_accept=0

case_ what_is_asked_for
ip link add other type vrf table 20
ip link set other up
check
match 'all of them' "$(echo "$out" | grep ^VRF)" 'VRF mgmt, table 10'
match 'all of them' "$(echo "$out" | grep ^VRF)" 'VRF other, table 20'
ip link del other
check nowhere
equal 'no such VRF' "$status$out" 100
check mgmt other
equal 'too many' "$status$out" 100
run setpriv --reuid 65534 --regid 65534 --clear-groups /vrf-launch check mgmt
equal 'without privileges' "$status" 111
run /vrf-launch mgmt -- /vrf-launch check mgmt
holds 'from inside the VRF'

case_ inside_a_network_namespace
ip netns add room
on room ip link set lo up
on room ip link add mgmt type vrf table 10
expect 'up' on room /vrf-launch up -c /tmp/conf mgmt
background ip netns exec room /vrf-launch mgmt -- sleep 1000
soon grep -q sleep "/proc/$pid/comm" || fail 'it does not run'
run on room /vrf-launch check -c /tmp/conf mgmt
holds 'it'
match 'its cgroup' "$out" '^  ok    services of level guard in /vrf-launch-guard/room-ns/vrf/mgmt, vlguar_'
check mgmt
refuse 'and it is not of the one outside' sh -c "echo '$out' | grep room-ns"

case_ without_a_cgroup2_it_is_mounted_and_unmounted
umount /sys/fs/cgroup
rmdir /run/cgroup2 # a launch in the other network namespace has made it; check takes away its own alone
check mgmt
holds 'it'
refuse 'it is not mounted now' grep cgroup2 /proc/mounts
refuse 'nor is there a folder' test -e /run/cgroup2
