#!/bin/sh
# Every file of tests/corpus/interfaces: the state after `up --exact` and after `down`, against the same by hand. The commands
# for that are in the file itself, behind `#=`. Each has a namespace of its own with eth0 and eth1, which are down
# and have nothing.
# kernels: once
# modules: vrf dummy 8021q bridge bonding
# timeout: 300

fresh() {
    ip netns add "$1"
    on "$1" sh -ec '
        ip link add eth0 type dummy
        ip link add eth1 type dummy
        ip link set lo up
        ip link add probe type vrf table 99 # the kernel keeps its rule 1000
        ip link del probe
    '
}

# state_of NS
state_of() {
    on "$1" sh /test/lib.sh /test/print_state
}
echo state >/test/print_state

# same WHAT NS FILE
same() {
    state_of "$2" >/tmp/state.now
    cmp -s "$3" /tmp/state.now && return 0
    fail "$1"
    diff -U 0 "$3" /tmp/state.now | grep "^[-+][^-+]" | shown
}

case_ by_hand
fresh nothing
for path in /test/interfaces/*; do
    name=${path##*/}
    fresh "h-$name"
    sed -n 's/^#= //p' "$path" >/tmp/hand
    expect "$name by hand" on "h-$name" sh -e /tmp/hand
done
sleep 3
state_of nothing >/tmp/nothing
equal 'at least 30 files' "$([ "$(find /test/interfaces -type f | wc -l)" -ge 30 ] && echo yes)" yes

case_ up_exact_makes_the_same
for path in /test/interfaces/*; do
    name=${path##*/}
    fresh "$name"
    expect "$name: up succeeds" on "$name" /vrf-launch -c "$path" up --exact
done
sleep 3
for path in /test/interfaces/*; do
    name=${path##*/}
    state_of "h-$name" >/tmp/by-hand
    same "$name: up makes the same state" "$name" /tmp/by-hand
done

case_ down_leaves_nothing
for path in /test/interfaces/*; do
    name=${path##*/}
    expect "$name: down succeeds" on "$name" /vrf-launch -c "$path" down
done
sleep 1
for path in /test/interfaces/*; do
    name=${path##*/}
    same "$name: down leaves the state before" "$name" /tmp/nothing
done
