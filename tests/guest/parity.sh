#!/bin/sh
# `up` and `down` of the seed's file, against the same by hand with iproute2. Every case has a namespace of its own
# with an eth0 that is down and has nothing.
# kernels: once
# modules: vrf dummy
# timeout: 180
seed=/test/interfaces.seed

# A fresh namespace. With a second word: one in which a VRF was made before, so that the kernel's rule 1000, which
# it never takes away again, is there already.
fresh() {
    ip netns add "$1"
    on "$1" ip link add eth0 type dummy
    [ -z "$2" ] || on "$1" sh -ec 'ip link add probe type vrf table 99; ip link del probe'
}

# What ifupdown-ng does for the seed's file, in its order.
by_hand() {
    on "$1" sh -ec '
        ip link set up dev lo
        ip link set up dev eth0
        ip -4 addr add 10.20.30.40/24 dev eth0
        ip -4 route add default via 10.20.30.1 metric 1 dev eth0 onlink
        ip link add vrf-management type vrf table 1
        ip -4 rule add pref 32765 table local
        ip -6 rule add pref 32765 table local
        ip -4 rule del pref 0
        ip -6 rule del pref 0
        ip -4 rule add pref 2000 l3mdev unreachable
        ip link set up dev vrf-management
        ip route add 10.20.30.0/24 dev eth0 table 1
    '
}

# What `up` adds of its own.
by_hand_and_more() {
    by_hand "$1"
    on "$1" sh -ec '
        ip -6 rule add pref 2000 l3mdev unreachable
        ip addr add 127.0.0.1/8 dev vrf-management
        ip addr add ::1/128 dev vrf-management nodad
    '
}

# The state of a namespace, when it has come to rest.
keep() {
    sleep 1
    state -n "$1" >"$2"
}

# same_as WHAT NS FILE
same_as() {
    printf 'case_ inner\nsame_state "%s" %s\n' "$1" "$3" >/test/compare
    on "$2" sh /test/lib.sh /test/compare >/tmp/compared
    grep -q '^ok' /tmp/compared && return 0
    fail "$1"
    grep '^#   ' /tmp/compared
}

fresh hand
by_hand hand
keep hand /tmp/exact
fresh hand_more
by_hand_and_more hand_more
keep hand_more /tmp/full

case_ up_exact_equals_iproute2_by_hand
fresh a
expect 'up --exact succeeds' on a /vrf-launch -c $seed up --exact
same_as 'the same state' a /tmp/exact

case_ exact_is_understood_before_the_command_too
fresh b
expect 'up succeeds' on b /vrf-launch --config=$seed --exact up
same_as 'the same state' b /tmp/exact

case_ up_adds_the_ipv6_rule_and_loopback_and_nothing_else
fresh c
run on c /vrf-launch -c $seed up
equal 'exit code' "$status" 0
match 'it says that nothing comes back, and what to do' "$out$err" 'interfaces.seed:15: .*"vrf vrf-management" in eth0.*"vrf-shared eth0" in vrf-management'
equal 'and nothing else' "$(printf '%s\n' "$out$err" | wc -l)" 1
same_as 'the same state' c /tmp/full

case_ second_up_changes_nothing_and_says_nothing
background ip netns exec c ip monitor link address route rule
sleep 1
run on c /vrf-launch -c $seed up
equal 'exit code' "$status" 0
equal 'it is silent' "$out$err" ''
sleep 1
equal 'the kernel has nothing to tell' "$(cat "$log")" ''
same_as 'the same state' c /tmp/full

case_ exact_after_plain_up_leaves_what_is_more
expect 'up --exact succeeds' on c /vrf-launch -c $seed up --exact
expect 'up succeeds' on c /vrf-launch -c $seed up
same_as 'the same state' c /tmp/full

case_ down_leaves_the_state_before_up
fresh d probed
on d ip link set lo up
keep d /tmp/before
local_rules() { on d sh -c 'ip -d -4 rule show pref 0; ip -d -6 rule show pref 0'; }
rules=$(local_rules)
expect 'up succeeds' on d /vrf-launch -c $seed up
run on d /vrf-launch -c $seed down
equal 'exit code' "$status" 0
equal 'it is silent' "$out$err" ''
same_as 'the same state' d /tmp/before
equal 'the rule that was moved says again whose it is' "$(local_rules)" "$rules"

case_ second_down_changes_nothing
expect 'down succeeds' on d /vrf-launch -c $seed down
same_as 'the same state' d /tmp/before

case_ down_leaves_the_state_before_up_exact
fresh e probed
on e ip link set lo up
keep e /tmp/before
expect 'up succeeds' on e /vrf-launch -c $seed up --exact
expect 'down succeeds' on e /vrf-launch -c $seed down
same_as 'the same state' e /tmp/before

case_ down_leaves_what_stood_before
fresh f probed
on f sh -ec '
    ip link set lo up
    ip link set eth0 up
    ip addr add 10.20.30.40/24 dev eth0
    ip route add default via 10.20.30.1 metric 1 dev eth0 onlink
'
keep f /tmp/before
expect 'up succeeds' on f /vrf-launch -c $seed up
same_as 'up makes the same state of it' f /tmp/full
expect 'down succeeds' on f /vrf-launch -c $seed down
same_as 'the same state' f /tmp/before

case_ up_repairs_what_was_changed_by_others
fresh g
expect 'up succeeds' on g /vrf-launch -c $seed up
on g sh -ec '
    ip -6 rule del pref 2000
    ip -4 rule del pref 1000
    ip route del 10.20.30.0/24 dev eth0 table 1
    ip -4 rule add pref 0 table local
    ip link set vrf-management down
    ip addr del 10.20.30.40/24 dev eth0
'
expect 'up succeeds' on g /vrf-launch -c $seed up
same_as 'the same state' g /tmp/full

case_ plan_changes_nothing_and_its_commands_do_what_up_does
fresh h
keep h /tmp/before
run on h /vrf-launch -c $seed plan
equal 'exit code' "$status" 0
match 'it prints commands of iproute2' "$out" '^ip .*vrf-management'
printf '%s\n' "$out" >/tmp/plan
same_as 'nothing changed' h /tmp/before
expect 'its commands succeed' on h sh -e /tmp/plan
same_as 'the same state' h /tmp/full

case_ plan_exact_does_what_up_exact_does
fresh i
run on i /vrf-launch -c $seed plan --exact
printf '%s\n' "$out" >/tmp/plan
expect 'its commands succeed' on i sh -e /tmp/plan
same_as 'the same state' i /tmp/exact

case_ dry_run_changes_nothing
fresh j
keep j /tmp/before
expect 'it succeeds' on j /vrf-launch -c $seed --dry-run up
same_as 'nothing changed' j /tmp/before

# The machine's own rules are never both away, so that nothing that is connected breaks.
case_ local_table_is_never_without_a_rule
fresh k
background ip netns exec k ip monitor rule
sleep 1
expect 'up succeeds' on k /vrf-launch -c $seed up
expect 'down succeeds' on k /vrf-launch -c $seed down
sleep 1
order=$(sed -n '/lookup local/{s/^Deleted.*/-/;s/^[0-9].*/+/;p}' "$log" | tr -d '\n')
match 'for each family, in up and in down, the new one is made before the old one goes' "$order" '^([+]-[+]-|[+][+]--){2}$'
