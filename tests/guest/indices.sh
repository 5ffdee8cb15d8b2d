#!/bin/sh
# The kernel gives the index of an interface that is gone to another one, and somebody changes the members of a VRF by hand. The
# services that run in it send by the index that they know (members.c): by that of a member with IP_PKTINFO and IPV6_PKTINFO, or, with
# 0, by the one that their sockets are bound to. A sniffer at the far end says where that arrives: at first it does, so that the
# way is there (IPv6 refuses the index of another VRF's interface by itself), and no more when `up`, a launch or `run` has seen it.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main, by hand mgmt) ── net  203.0.113.1 2001:db8::1
#                                            foreign (main)            ── net, which has the same addresses there
# kernels: once alpine-6.18
# modules: vrf
# source: members.c
# timeout: 240
lan_and_net
sed -i '/fd20::40/a\    gateway 10.20.30.1\n    gateway fd20::1' /tmp/conf
sed '/2001:db8::40/a\    vrf mgmt' /tmp/conf >/tmp/two
printf 'auto lo\niface lo\n' >/tmp/nothing
/vrf-launch -c /tmp/conf up || fail 'up'
eth1=$(cat /sys/class/net/eth1/ifindex)

# heard HOST INTERFACE: the families of what comes to port 9 of that host by that interface in one second
heard() {
    on "$1" timeout 1 tcpdump -Z root -Q in -l -n -i "$2" udp dst port 9 2>/tmp/said | awk 'NF > 1 { print $2 }' | sort -u | tr '\n' ' '
}
# index NAME: that of an interface
index() {
    cat "/sys/class/net/$1/ifindex"
}
# address NAME LAST: an interface that leads to net gets addresses there, and is up
address() {
    ip link set "$1" up
    ip addr replace "203.0.113.$2/24" dev "$1"
    ip -6 addr replace "2001:db8::$2/64" dev "$1" nodad
    on net ip route replace "203.0.113.$2" dev "$1"
}
# far_end NAME [index INDEX]: an interface that leads to net, as eth1 does
far_end() {
    ip link add "$@" type veth peer name "$1" netns net
    on net ip link set "$1" up
    on net ip addr add 203.0.113.1/24 dev "$1"
    on net ip -6 addr add 2001:db8::1/64 dev "$1" nodad
}
# foreign INDEX: another interface gets that index
foreign() {
    far_end foreign index "$1"
    address foreign 41
}
# sender LEVEL INDEX: a service that sends by that index
sender() {
    background /vrf-launch -c /tmp/conf --isolation "$1" mgmt -- /usr/bin/members "$2"
    soon grep -q members "/proc/$pid/comm" || fail "$1: it does not run"
}
# by_hand: eth1 becomes a member, which `up` does not know; the filters learn it with a launch
by_hand() {
    ip link set eth1 master mgmt
    address eth1 40
}
leaves() {
    ip link set eth1 nomaster
    address eth1 40
}
check() {
    run /vrf-launch check -c /tmp/conf "$@"
}

case_ services_are_told_without_the_folder
sender guard "$eth1"
equal 'before it is a member' "$(heard net eth1)" ''
rm -r /run/vrf-launch
expect 'up' /vrf-launch -c /tmp/two up
equal 'it is a member' "$(heard net eth1)" 'IP IP6 '
leaves
equal 'it is one no more, and nobody has said so' "$(heard net eth1)" 'IP '
rm -r /run/vrf-launch
expect 'up' /vrf-launch -c /tmp/conf up
equal 'the folder was not there' "$(heard net eth1)" ''
rm -r /run/vrf-launch
expect 'a launch' /vrf-launch -c /tmp/conf mgmt -- /busybox/true
refuse 'it needs no folder' test -e /run/vrf-launch
expect 'up' /vrf-launch -c /tmp/conf up

case_ member_that_leaves_by_hand_is_seen_by_check_and_the_next_launch
by_hand
sender guard "$eth1"
equal 'a member' "$(heard net eth1)" 'IP IP6 '
leaves
equal 'no member' "$(heard net eth1)" 'IP '
check mgmt
equal 'check' "$status" 1
match 'check names it' "$out" '^  FAIL  .*/vrf/mgmt: the program that filters what leaves is for other members; vrf-launch up repairs it'
expect 'a launch' /vrf-launch -c /tmp/conf mgmt -- /busybox/true
equal 'after the launch' "$(heard net eth1)" ''

case_ index_of_a_member_is_given_to_another_interface
by_hand
sender guard "$eth1"
ip link del eth1
foreign "$eth1"
equal 'it leaves by the other one' "$(heard net foreign)" 'IP '
check mgmt
match 'check names it' "$out" '^  FAIL  .*/vrf/mgmt: the program that filters what leaves is for other members; vrf-launch up repairs it'
expect 'up' /vrf-launch -c /tmp/nothing up
equal 'after up' "$(heard net foreign)" ''
ip link del foreign
far_end eth1
address eth1 40

case_ index_of_the_vrf_is_given_to_another_interface
for level in bind guard strict; do
    sender $level 0
    sender=$pid
    serve tcp4 7000 inside /vrf-launch -c /tmp/conf --isolation $level mgmt --
    equal "$level: it sends by its VRF" "$(heard lan eth0)" 'IP IP6 '
    index=$(index mgmt)
    ip link del mgmt
    foreign "$index"
    equal "$level: it sends by the other one" "$(heard net foreign)" 'IP IP6 '
    equal "$level: and is reached by it" "$(ask tcp4 203.0.113.41 7000 ip netns exec net 2>/tmp/said)" inside
    check
    match "$level: check names it" "$out" "^  FAIL  services of level $level in /vrf-launch-$level/vrf/mgmt: packets pass by indices"
    expect "$level: up" /vrf-launch -c /tmp/nothing up
    equal "$level: it sends no more" "$(heard net foreign)" ''
    equal "$level: nor is it reached" "$(ask tcp4 203.0.113.41 7000 ip netns exec net 2>/tmp/said)" ''
    check
    match "$level: check says so" "$out" "^  -     services of level $level in /vrf-launch-$level/vrf/mgmt: nothing gets in or out"
    expect "$level: up makes the VRF" /vrf-launch -c /tmp/conf up
    cp /tmp/said /tmp/told
    refuse "$level: it is another one" test "$(index mgmt)" = "$index"
    if [ $level = strict ]; then
        # The kernel runs the program that keeps its sockets bound for whoever binds them.
        match 'strict: it has to be started again' "$(cat /tmp/told)" "process $sender \\(members\\), it has to be started again"
        equal 'strict: it sends nothing' "$(heard lan eth0)" ''
    else
        equal "$level: it sends by its VRF again" "$(heard lan eth0)" 'IP IP6 '
        equal "$level: and is reached by it" "$(ask tcp4 10.20.30.40 7000 ip netns exec lan 2>/tmp/said)" inside
    fi
    equal "$level: and nothing by the other one" "$(heard net foreign)" ''
    ip link del foreign
    kill "$sender" "$pid"
done

case_ launch_gives_the_others_their_sockets_back
for level in bind guard; do
    sender $level 0
    ip link del mgmt
    expect "$level: up of something else" /vrf-launch -c /tmp/nothing up
    ip link add mgmt type vrf table 10
    ip link set mgmt up
    ip link set eth0 master mgmt
    ip -6 addr replace fd20::40/64 dev eth0 nodad
    ip route replace default via 10.20.30.1 table 10
    ip -6 route replace default via fd20::1 table 10
    equal "$level: nothing before" "$(heard lan eth0)" ''
    expect "$level: a launch" /vrf-launch -c /tmp/conf --isolation $level mgmt -- /busybox/true
    equal "$level: it sends by its VRF again" "$(heard lan eth0)" 'IP IP6 '
    kill "$pid"
done
expect 'up' /vrf-launch -c /tmp/conf up

# Another `up` waits for an interface. It has the record, so that bringing up again waits for it.
case_ run_closes_it_at_once
by_hand
sed '/^auto eth1/,/2001:db8::40/d' /tmp/conf >/tmp/case
cat >>/tmp/case <<EOF
auto named guarded bound
service named
    vrf mgmt
    exec /usr/bin/members $(index eth1)
service guarded
    vrf mgmt
    exec /usr/bin/members 0
service bound
    vrf mgmt
    isolation bind
    exec /usr/bin/members 0
EOF
background /vrf-launch -c /tmp/case run
said=$log
soon grep -q 'bound: started' "$said" || fail 'it does not run'
printf 'auto never\niface never\n    address 192.0.2.1/24\n' >/tmp/waits
background /vrf-launch -c /tmp/waits --wait 600 up
waits=$pid
sleep 1
equal 'a member' "$(heard net eth1)" 'IP IP6 '
leaves
sleep 1
equal 'a member that leaves by hand' "$(heard net eth1)" ''
equal 'the VRF' "$(heard lan eth0)" 'IP IP6 '
by_hand
sleep 1
equal 'a member again' "$(heard net eth1)" 'IP IP6 '
member=$(index eth1) index=$(index mgmt)
ip link del eth1
foreign "$member"
sleep 1
equal 'the index of a member' "$(heard net foreign)" ''
ip link del foreign
ip link del mgmt
foreign "$index"
sleep 1
equal 'the index of the VRF' "$(heard net foreign)" ''
equal 'bringing up again waits' "$(cat "/sys/class/net/$(basename "$(readlink /sys/class/net/eth0/master)")/ifindex" 2>/tmp/said)" ''
kill "$waits"
again() {
    [ "$(heard lan eth0)" = 'IP IP6 ' ]
}
expect 'the VRF is made again, and all send by it' soon again
equal 'and nothing by the other one' "$(heard net foreign)" ''
equal 'none was started anew' "$(grep -c started "$said")" 3
