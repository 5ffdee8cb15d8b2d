#!/bin/sh
# A fault at each system call of `up` and `down` (faults.c): the call fails, or less is read or written, or the process is
# killed there. A machine far away is asked all the while, outside the VRF, and no question is lost; what ends well has
# done what it should; and the next `up` or `down` ends in the same state as ever.
#
# Here every 97th fault; with `trust=1` on the kernel's command line (make trust) all of them, and RCU's grace periods are
# expedited then, which makes `up` and `down` twice as fast.
# kernels: debian-6.1
# modules: vrf dummy veth sch_ingress cls_bpf
# timeout: 400
# trust: 5400
far lan eth0 10.20.30.1/24 fd20::1/64
far mgmt eth1 10.99.0.1/24 fd99::1/64
far net eth2 192.0.2.1/24 2001:db8::1/64
ip link add probe type vrf table 99
ip link del probe
ip link set eth2 up
ip addr add 192.0.2.40/24 dev eth2
ip -6 addr add 2001:db8::40/64 dev eth2 nodad
for host in lan net; do
    background ip netns exec $host faults echo 7
done
pids=''
[ -z "$every_" ] || echo 1 >/sys/kernel/rcu_expedited

# steady ADDRESS4 ADDRESS6 [MILLISECONDS]: asks those, each so long after the answer, until `steadily` says whether all was answered
steady() {
    asks='' said=''
    asked "$1" 7 ${3:+"$3"}
    asked "$2" 7 ${3:+"$3"}
}
# asked [WRAPPER -- ] ADDRESS PORT [MILLISECONDS]: one more of them
asked() {
    case "$*" in
    *' -- '*)
        wrapper=$*
        wrapper=${wrapper%% -- *}
        shift $(($(echo "$wrapper" | wc -w) + 1))
        # shellcheck disable=SC2086 # words
        background $wrapper -- faults ping "$@"
        ;;
    *) background faults ping "$@" ;;
    esac
    asks="$asks $pid" said="$said $log"
    echo "$*" >"$log.whom"
}
# during FILE: what was done when questions were lost, and what the kernels' counters say
during() {
    for host in lan net; do
        on $host grep -h Udp /proc/net/snmp | shown
    done
    grep -h Udp: /proc/net/snmp | shown
    sed -n 's/^from \([0-9.]*\).*/\1/p' "$1" | while read -r when; do
        awk -v when="$when" '$1 > when { exit } { line = $0 } END { print when ": " line }' /tmp/journal | shown
    done
}
steadily() {
    # shellcheck disable=SC2086 # words
    kill $asks
    # shellcheck disable=SC2086 # words
    wait $asks
    for log in $said; do
        match 'questions were asked' "$(cat "$log")" '^[1-9][0-9]{2,} sent '
        match "no question to $(cat "$log.whom") was lost" "$(cat "$log")" '^[0-9]+ sent 0 lost' || during "$log"
    done
}
# As `state`, and many times as fast.
is_() {
    faults brief "$1" >/tmp/state
}
is() {
    is_ "$1" || soon is_ "$1"
}
differs() {
    diff -U 0 "$1" /tmp/state | grep '^[-+][^-+]' | shown
}
# ended STATUS STATE: a code that a fault may lead to; where all is well, the state is that
ended() {
    code=$1
    [ "$call" -gt 2 ] || [ "$code" != 139 ] || code=111 # in musl's start code: nothing has begun
    case $code in
    0) is "$2" || { differs "$2"; lost 'it ends with 0, and the state is not what it should be'; } ;;
    100 | 111 | 137) ;;
    125) unreached=1 ;; # there are as many calls as the kernel has news
    *) lost "exit code $1" ;;
    esac
}
# settled COMMAND STATE: once more, without a fault
settled() {
    if ! /vrf-launch -q -c /tmp/conf "$1" >/tmp/said 2>&1 || [ -s /tmp/said ]; then
        lost "$1 after the fault fails"
    fi
    is "$2" || { differs "$2"; lost "the state of $1 after the fault"; }
}
# All that may have been made goes, by other hands, so that one loss is not taken for many.
clear_() {
    # shellcheck disable=SC2086 # words
    kill -USR1 $asks
    sleep 0.2
    for link in mgmt vrf-management; do
        ip link del $link
    done
    for family in 4 6; do
        while ip -$family rule del pref 0; do :; done
        while ip -$family rule del table 90 || ip -$family rule del table 91; do :; done
        ip -$family rule add pref 0 table local proto kernel
        while ip -$family rule del pref 32765; do :; done
        while ip -$family rule del pref 2000; do :; done
    done
    tc qdisc del dev eth0 clsact
    for link in eth0 eth1; do
        ip link set $link nomaster down
        ip addr flush dev $link
    done
    ip link set lo up
    sysctl -qw net.ipv4.tcp_l3mdev_accept=0 net.ipv4.udp_l3mdev_accept=0
    rm -r /run/vrf-launch
    prepare
    is /tmp/before || { differs /tmp/before; fail 'there is no way back'; }
    # shellcheck disable=SC2086 # words
    kill -USR2 $asks
} 2>/tmp/cleared
at_up() {
    recorded='' call=$3
    faults "$@" /vrf-launch -q -c /tmp/conf up >/tmp/said 2>&1
    ended $? /tmp/up
    # Without a record, what was made stays: there is no place for one (EPERM).
    for record in /run/vrf-launch/net-*; do
        [ ! -f "$record" ] || ! grep -qv ' down$' "$record" || recorded=yes
    done
    [ -n "$recorded" ] || { is_ /tmp/before && recorded=yes; }
    settled up /tmp/up
    [ -z "$recorded" ] || settled down /tmp/before
    [ -n "$recorded$loss" ] || clear_
    [ -z "$loss" ] || clear_
}
at_down() {
    call=$3
    /vrf-launch -q -c /tmp/conf up
    faults "$@" /vrf-launch -q -c /tmp/conf down >/tmp/said 2>&1
    ended $? /tmp/before
    settled down /tmp/before
    [ -z "$loss" ] || clear_
}
# shellcheck disable=SC2317 # another takes its place
prepare() {
    :
}
# measure CONF: what there is before and with it; its system calls
measure() {
    cp "$1" /tmp/conf
    prepare
    sleep 1
    state >/tmp/full
    faults brief >/tmp/before
    # As it always is but for the first time, which has more news to wait for, and no folder for records.
    /vrf-launch -q -c /tmp/conf up
    /vrf-launch -q -c /tmp/conf down
    is /tmp/before
    faults list /vrf-launch -q -c /tmp/conf up
    cp /tmp/points /tmp/points.up
    sleep 1
    faults brief >/tmp/up
    faults list /vrf-launch -q -c /tmp/conf down
    cp /tmp/points /tmp/points.down
    is /tmp/before || { differs /tmp/before; fail 'down restores at all'; }
    refuse 'up had done something' cmp -s /tmp/before /tmp/up
}

cat >/tmp/shared <<'END'
auto eth0
iface eth0
    address 10.20.30.40/24
    address fd20::40/64
    gateway 10.20.30.1
auto mgmt
iface mgmt
    vrf-table 10
    vrf-shared eth0
    vrf-route 10.20.30.0/24 dev eth0
    vrf-route fd20::/64 dev eth0
END
cat >/tmp/member <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto eth1
iface eth1
    address 10.99.0.40/24
    address fd99::40/64
    gateway 10.99.0.1
    vrf mgmt
END

case_ up_and_down_of_the_recipe
measure /test/interfaces.seed
steady 192.0.2.1 2001:db8::1
points 'up, recipe' 97 /tmp/points.up at_up
points 'down, recipe' 97 /tmp/points.down at_down
steadily
same_state 'after all of them' /tmp/full

case_ up_and_down_of_a_member
measure /tmp/member
steady 192.0.2.1 2001:db8::1
points 'up, member' 97 /tmp/points.up at_up
points 'down, member' 97 /tmp/points.down at_down
steadily
same_state 'after all of them' /tmp/full

case_ up_and_down_of_a_shared_interface
measure /tmp/shared
steady 192.0.2.1 2001:db8::1
points 'up, shared' 97 /tmp/points.up at_up
points 'down, shared' 97 /tmp/points.down at_down
# Where memory is lacking, none of them is left out: half of a record's line was left once, and the next one went on there.
for way in up down; do
    awk '$3 == 9 { print $1, $2, $3, "ENOMEM" }' /tmp/points.$way >/tmp/points.memory
    points "$way, shared, without memory" 1 /tmp/points.memory at_$way
done
steadily
same_state 'after all of them' /tmp/full

# Rules of others, two of which stand at 0 already: asked before local they would take the machine's own address, and asked in another
# order that of a host.
prepare() {
    for of in '4 192.0.2.40 192.0.2.1' '6 2001:db8::40 2001:db8::1'; do
        # shellcheck disable=SC2086 # words
        set -- $of
        ip "-$1" rule add pref 0 table 90
        ip "-$1" rule add pref 0 table 91
        ip "-$1" rule add pref 5000 from "$2" table 92
        ip "-$1" route replace blackhole "$2" table 90
        ip "-$1" route replace "$3" dev eth2 table 90
        ip "-$1" route replace blackhole "$3" table 91
    done
}

case_ up_and_down_among_rules_of_others
background faults echo 7
measure /tmp/member
steady 192.0.2.1 2001:db8::1
asked 192.0.2.40 7
asked 2001:db8::40 7
points 'up, among others' 29 /tmp/points.up at_up
points 'down, among others' 29 /tmp/points.down at_down
steadily
same_state 'after all of them' /tmp/full

# What an older version has left, where a service runs in the VRF: neither it nor anybody outside notices, and it never gets out.
older() {
    for family in 4 6; do
        ip -$family rule add pref 2000 l3mdev unreachable
        ip -$family rule add pref 32765 table local
        ip -$family rule del pref 0 table local
        ip -$family rule del pref 0 l3mdev unreachable protocol kernel
        ip -$family rule del pref 0 l3mdev protocol kernel
        echo "- ip -$family rule del pref 2000 l3mdev unreachable"
        echo "- ip -$family rule del pref 32765 table local"
        echo "- ip -$family rule add pref 0 table local protocol kernel"
    done >/tmp/older
    grep -v ' rule ' /tmp/record >>/tmp/older
    cat /tmp/older >"$(echo /run/vrf-launch/net-*)"
}
at_change() {
    call=$3
    older
    faults "$@" /vrf-launch -q -c /tmp/conf up >/tmp/said 2>&1
    ended $? /tmp/up
    settled up /tmp/up
}
# shellcheck disable=SC2317 # another takes its place
prepare() {
    :
}

case_ up_of_what_an_older_version_has_left_with_a_service_inside
for family in 4 6; do
    ip -$family rule del pref 0 table 90
    ip -$family rule del pref 0 table 91
    ip -$family rule del pref 5000
done
cp /tmp/member /tmp/conf
/vrf-launch -q -c /tmp/conf up
cp /run/vrf-launch/net-* /tmp/record
background ip netns exec mgmt faults echo 7
background ip netns exec net faults echo 8
escapes=$log
sleep 1
faults brief >/tmp/up
older
faults brief >/tmp/before
refuse 'it is another layout' cmp -s /tmp/before /tmp/up
faults list /vrf-launch -q -c /tmp/conf up
steady 192.0.2.1 2001:db8::1
asked /vrf-launch --isolation bind mgmt -- 10.99.0.1 7
asked /vrf-launch --isolation bind mgmt -- fd99::1 7
for to in 192.0.2.1 2001:db8::1; do
    background /vrf-launch --isolation bind mgmt -- faults escape $to 8
done
points 'change of layout' 29 /tmp/points at_change
steadily
equal 'nothing escaped' "$(cat "$escapes")" ''
# It would be seen.
background faults escape 192.0.2.1 8
soon grep -q escaped "$escapes" || fail 'who escapes is heard'
expect 'down' /vrf-launch -q -c /tmp/conf down

# By which the machine is reached: it was up before, and by others. So is the place for its filters, with a filter of
# somebody's: whoever makes that or takes it away, the kernel sends nothing for a moment by an interface that is up.
prepare() {
    ip link set eth0 up
    ip addr replace 10.20.30.40/24 dev eth0
    ip -6 addr replace fd20::40/64 dev eth0 nodad
    ip route replace default via 10.20.30.1
    tc qdisc replace dev eth0 clsact
    tc filter replace dev eth0 egress pref 1 handle 1 bpf bytecode '1,6 0 0 0,'
}

case_ a_shared_interface_stays_connected_meanwhile
measure /tmp/shared
steady 10.20.30.1 fd20::1
points 'up, shared and up already' 97 /tmp/points.up at_up
points 'down, shared and up already' 97 /tmp/points.down at_down
# A filter that could not be removed: what it leads to has to stay. A record that may not be read is no reason to undo what the
# file says: it has been so before.
awk '/ENOBUFS/ && $2 < 40 { print $1, $2, $3, "ENOBUFS" } /EPERM/ && $2 < 12 { print $1, $2, $3, "EPERM" }' \
    /tmp/points.down >/tmp/points.first
[ -n "$every_" ] || points 'down, shared and up already, its first answers' 1 /tmp/points.first at_down
steadily
same_state 'after all of them' /tmp/full

case_ and_while_it_begins_and_ceases_to_be_shared
steady 10.20.30.1 fd20::1 1
echo 0 >/sys/kernel/rcu_expedited
cycles=20
[ -z "$every_" ] || cycles=200
for _ in $(seq $cycles); do
    /vrf-launch -q -c /tmp/conf up || fail 'up'
    /vrf-launch -q -c /tmp/conf down || fail 'down'
done
steadily
for log in $said; do
    echo "# soak $cycles times shared and shared no more: $(head -n 1 "$log")"
done
