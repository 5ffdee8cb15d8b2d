#!/bin/sh
# `plan` of every file of tests/corpus/interfaces, run by sh, against `up`; and `plan --diff`: all that would change, and no more.
# Each has a namespace of its own with eth0 and eth1, which are down and have nothing.
# kernels: debian-6.1
# modules: vrf dummy 8021q bridge bonding sch_ingress cls_bpf cls_flower act_mirred act_gact
# timeout: 400

fresh() {
    ip netns add "$1"
    # The kernel keeps its rule 1000 when the VRF has gone.
    printf 'link add eth0 type dummy\nlink add eth1 type dummy\nlink set lo up\nlink add probe type vrf table 99\nlink del probe\n' |
        ip -n "$1" -batch -
}
# Those that can be brought up, whole.
files=$(cd /test/interfaces && echo * | tr ' ' '\n' | grep -v '^failing')

# same WHAT NS FILE
same() {
    state -n "$2" >/tmp/state.now
    cmp -s "$3" /tmp/state.now && return 0
    fail "$1"
    diff -U 0 "$3" /tmp/state.now | grep "^[-+][^-+]" | shown
}

# commands FILE: without comments, and without what a shell carries out each time
commands() {
    sed '/^(export/,/^)$/d; /^# /d' "$1"
}
differences() {
    on "$1" /vrf-launch -c "$2" plan --diff >/tmp/differences
    commands /tmp/differences
}

case_ sh_makes_of_the_plan_what_up_makes
for name in $files; do
    path=/test/interfaces/$name
    fresh "u-$name"
    fresh "p-$name"
    on "p-$name" /vrf-launch -c "$path" plan >/tmp/plan
    on "p-$name" /vrf-launch -c "$path" up -n >/tmp/difference
    # Where nothing is there yet, all of it differs but for lo.
    equal "$name: the difference" "$(commands /tmp/difference)" "$(commands /tmp/plan | grep -v ' lo up$')"
    expect "$name: the plan's commands succeed" on "p-$name" sh -e /tmp/plan
    expect "$name: up succeeds" on "u-$name" /vrf-launch -c "$path" up
done
sleep 3
# shellcheck disable=SC2046 # names
states $(for name in $files; do echo "u-$name" "p-$name"; done)
for name in $files; do
    path=/test/interfaces/$name
    cmp -s "/tmp/state.p-$name" "/tmp/state.u-$name" || same "$name: the same state" "p-$name" "/tmp/state.u-$name"
    equal "$name: nothing differs after up" "$(differences "u-$name" "$path")" ''
    equal "$name: nothing differs after the plan" "$(differences "p-$name" "$path")" ''
done

# Of some files, what `down -n` says, by sh where `up` was not there to make it.
case_ dry_runs_of_down
some='bridge hooks member-by-vrf overlapping-vrfs seed-with-a-member veth vlan'
for name in $some; do
    run on "u-$name" /vrf-launch -c "/test/interfaces/$name" down --dry-run
    equal "$name: exit code" "$status$err" 0
    printf '%s\n' "$out" >"/tmp/down.$name"
    mv "/tmp/state.u-$name" "/tmp/up.$name"
done
# shellcheck disable=SC2046 # names
states $(for name in $some; do echo "u-$name"; done)
for name in $some; do
    path=/test/interfaces/$name
    cmp -s "/tmp/up.$name" "/tmp/state.u-$name" || same "$name: it changes nothing" "u-$name" "/tmp/up.$name"
    expect "$name: down succeeds" on "u-$name" /vrf-launch -c "$path" down
    expect "$name: its commands succeed" on "p-$name" sh -e "/tmp/down.$name"
    on "u-$name" /vrf-launch -c "$path" down -n >/tmp/down
    equal "$name: nothing is left to undo" "$(commands /tmp/down)" ''
done
sleep 1
# shellcheck disable=SC2046 # names
states $(for name in $some; do echo "u-$name" "p-$name"; done)
for name in $some; do
    cmp -s "/tmp/state.u-$name" "/tmp/state.p-$name" || same "$name: it says what down does" "p-$name" "/tmp/state.u-$name"
done

case_ what_was_changed_is_what_differs
ip netns add drift
on drift ip link add eth0 type dummy
on drift ip link add eth1 type dummy
cat >/tmp/conf <<'EOF'
auto eth1
iface eth1
    address 10.9.0.1/24
    address fd09::1/64
    gateway 10.9.0.254
    vrf mgmt
    mtu 1400
    alias out of band

auto mgmt
iface mgmt
    vrf-table 10
    vrf-accept tcp
    vrf-route 10.8.0.0/16 via 10.9.0.2 dev eth1
    vrf-route 10.7.0.0/16 via 10.9.0.2
    vrf-route unreachable 10.6.0.0/16
    post-up ip -6 rule add pref 500 fwmark 7 table 10
EOF
expect 'up succeeds' on drift /vrf-launch -c /tmp/conf up
equal 'routes by a member are there, in the table' "$(on drift ip -j route show table 10 | jq -r '.[] | select(.gateway == "10.9.0.2") | .dst + " " + .dev' | sort | xargs)" \
    '10.7.0.0/16 eth1 10.8.0.0/16 eth1'
sleep 2
# differs WHAT CHANGE... -- WANTED...: after the change that is all that differs; it is mended by sh, and by up
differs() {
    on drift sh -ec "$1"
    for how in sh up; do
        run on drift /vrf-launch -c /tmp/conf plan --diff
        equal "$1: exit code" "$status$err" 0
        equal "$1" "$(printf '%s\n' "$out" | sed '/^# [a-z0-9]* (/d; s/  # .*//')" "$2"
        case $how in
        sh)
            printf '%s\n' "$out" >/tmp/plan
            expect "$1: sh mends it" on drift sh -e /tmp/plan
            equal "$1: nothing differs then" "$(on drift /vrf-launch -c /tmp/conf up -n)" ''
            on drift sh -ec "$1"
            ;;
        up)
            expect "$1: up mends it" on drift /vrf-launch -c /tmp/conf up
            equal "$1: nothing differs then" "$(on drift /vrf-launch -c /tmp/conf up --dry-run)" ''
            ;;
        esac
    done
}
differs true ''
# What stands behind the pair has to be behind it again; iproute2 adds no rule twice.
again() {
    printf 'ip -%s rule add pref 0 table local protocol boot\n' "$1"
    printf 'ip -%s rule del pref 0 table local protocol kernel\n' "$1"
    printf 'ip -%s rule add pref 0 table local protocol kernel\n' "$1"
    printf 'ip -%s rule del pref 0 table local protocol boot\n' "$1"
}
differs 'ip rule del pref 0 l3mdev unreachable protocol kernel' "ip -4 rule add pref 0 l3mdev unreachable protocol kernel
$(again 4)"
differs 'ip -6 rule del pref 0 l3mdev unreachable protocol kernel; ip -6 rule del pref 0 l3mdev protocol kernel' \
    "ip -6 rule add pref 0 l3mdev protocol kernel
ip -6 rule add pref 0 l3mdev unreachable protocol kernel
$(again 6)"
differs 'ip -6 rule del pref 1000 l3mdev' ''
differs 'ip -6 rule del pref 500' 'ip -6 rule add pref 500 fwmark 7 table 10'
differs 'ip route del 10.8.0.0/16 vrf mgmt' 'ip route add 10.8.0.0/16 via 10.9.0.2 dev eth1 table 10'
differs 'ip route del 10.7.0.0/16 vrf mgmt' 'ip route add 10.7.0.0/16 via 10.9.0.2 table 10'
differs 'ip route del unreachable 10.6.0.0/16 table 10' 'ip route add unreachable 10.6.0.0/16 table 10'
differs 'ip addr del fd09::1/64 dev eth1' 'ip addr add fd09::1/64 dev eth1'
differs 'ip link set eth1 mtu 1500 alias other' "ip link set dev eth1 up mtu 1400 alias 'out of band'"
differs 'ip addr del 127.0.0.1/8 dev mgmt' 'ip addr add 127.0.0.1/8 dev mgmt'
differs 'sysctl -qw net.ipv4.tcp_l3mdev_accept=0' 'sysctl -w net.ipv4.tcp_l3mdev_accept=1'

case_ no_privileges_and_no_traces
run on drift setpriv --reuid 65534 --regid 65534 --clear-groups /vrf-launch -c /tmp/conf plan --diff
equal 'nobody may look' "$status$out$err" 0
ip netns add clean
mv /run/vrf-launch /run/vrf-launch.away
on clean /vrf-launch -c /tmp/conf plan --diff >/tmp/said 2>&1
on clean /vrf-launch -c /tmp/conf down -n >/tmp/said 2>&1
refuse 'no record is begun' test -e /run/vrf-launch
mv /run/vrf-launch.away /run/vrf-launch

case_ what_cannot_be_is_said
printf 'auto mgmt\niface mgmt\n    vrf-table 11\n' >/tmp/other
run on drift /vrf-launch -c /tmp/other plan --diff
equal 'exit code' "$status" 111
match 'the message' "$err" 'other:3: cannot add link mgmt type vrf table 11: a VRF of that name is there, with table 10'
printf 'auto eth7\niface eth7\n    address 10.0.0.1/24\n' >/tmp/other
run on drift /vrf-launch -c /tmp/other plan --diff
equal 'exit code of a missing interface' "$status" 111
match 'the message says so, at once' "$err" 'ENODEV'

case_ shared_interfaces
far lan eth0 10.20.30.1/24 fd20::1/64
cat >/tmp/shared <<'EOF'
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
EOF
filters() {
    state
    tc -j qdisc show dev eth0
    tc -j filter show dev eth0 ingress
}
filters >/tmp/before
/vrf-launch -c /tmp/shared plan --diff >/tmp/plan
filters >/tmp/after
expect 'looking changes nothing' cmp /tmp/before /tmp/after
match 'the way in is among it' "$(cat /tmp/plan)" 'flower src_ip 10.20.30.0/24 dst_ip 10.20.30.40'
expect 'up succeeds' /vrf-launch -c /tmp/shared up
sleep 2
run /vrf-launch -c /tmp/shared plan --diff
equal 'nothing differs after up' "$status$out$err" 0
tc filter del dev eth0 ingress
run /vrf-launch -c /tmp/shared plan --diff
match 'a filter that has gone is' "$out" '^# tc filter replace dev eth0 ingress pref 65000 .* a program'
match 'and the place for it' "$out" '^tc qdisc add dev eth0 clsact'
expect 'up mends it' /vrf-launch -c /tmp/shared up
filters >/tmp/before
run /vrf-launch -c /tmp/shared down -n
filters >/tmp/after
expect 'a dry run of down changes nothing' cmp /tmp/before /tmp/after
match 'it would take the filter away' "$out" '^tc filter del dev eth0 ingress pref 65000'
match 'and its place' "$out" '^tc qdisc del dev eth0 clsact'
expect 'down succeeds' /vrf-launch -c /tmp/shared down
state >/tmp/before
/vrf-launch -c /tmp/shared plan >/tmp/plan
expect "the plan's commands succeed" sh -e /tmp/plan
state >/tmp/by-plan
ip link del mgmt
tc qdisc del dev eth0 clsact
ip addr flush dev eth0
sysctl -qw net.ipv4.tcp_l3mdev_accept=0 net.ipv4.udp_l3mdev_accept=0
expect 'up succeeds' /vrf-launch -c /tmp/shared up
sed '/fe80/d' /tmp/by-plan >/tmp/wanted
state >/tmp/now
sed -i '/fe80/d' /tmp/now
equal 'the plan makes what up makes, but for the filter' "$(cat /tmp/now)" "$(cat /tmp/wanted)"
