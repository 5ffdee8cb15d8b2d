#!/bin/sh
# Every file of tests/corpus/interfaces: what `up --exact` and `down` make of it, against ifupdown-ng, the real one, with
# iproute2. Each has a namespace of its own with eth0 and eth1, which are down and have nothing.
#
# Where the two differ, the file says why in a line `#~ REASON`, and how the state is made by hand in lines `#= COMMAND`; the
# difference itself is in snapshots/ifupdown-ng, so that any other fails. Hooks may write into /tmp/log.NAMESPACE.
# kernels: once
# modules: vrf dummy 8021q bridge bonding
# programs: ifupdown-ng
# files: executors/vrf=/usr/libexec/ifupdown-ng/vrf executors/bridge=/usr/libexec/ifupdown-ng/bridge executors/bond=/usr/libexec/ifupdown-ng/bond
# timeout: 480
cat >/tmp/fresh <<'END'
link add eth0 type dummy
link add eth1 type dummy
link set lo up
link set lo down
link add probe type vrf table 99
link del probe
END

# With a VRF that was there: the kernel keeps its rule 1000.
fresh() {
    ip netns add "$1"
    ip -n "$1" -batch /tmp/fresh
}

# each FUNCTION
each() {
    for path in /test/interfaces/*; do
        name=${path##*/}
        "$1"
    done
}

# known PREFIX...: the states of all, with what hooks have written
known() {
    list=''
    for prefix in "$@"; do
        for path in /test/interfaces/*; do
            [ "$prefix" != hand- ] || grep -q '^#=' "$path" || continue
            list="$list $prefix${path##*/}"
        done
    done
    # shellcheck disable=SC2086 # names
    states $list nothing
    for log in /tmp/log.*; do
        [ -f "$log" ] || continue
        sed 's/^/log /' "$log" >>"/tmp/state.${log#/tmp/log.}"
        rm "$log"
    done
}

# same WHAT NS OTHER
same() {
    cmp -s "/tmp/state.$2" "/tmp/state.$3" && return 0
    fail "$1"
    diff -U 0 "/tmp/state.$3" "/tmp/state.$2" | grep '^[-+][^-+]' | shown
}

# A difference has its reason, and goes with it into /tmp/differences.
compare() {
    reason_=$(sed -n 's/^#~ //p' "$path")
    # Before 5.14 the kernel had a route more to what is a network's first address, and it goes with the address.
    diff -U 0 "/tmp/state.ng-$name" "/tmp/state.$name" | grep '^[-+][^-+]' | grep -v '"type":"broadcast"' >/tmp/difference && {
        [ -n "$reason_" ] || {
            fail "$name, $when: not as with ifupdown-ng"
            shown </tmp/difference
        }
        sed "s/^/$name, $when: /" /tmp/difference >>/tmp/differences
    }
    [ "$when" != up ] || ! grep -q '^#=' "$path" || same "$name: not as by hand" "$name" "hand-$name"
}

# The differences in fewer words: of a link what may be asked for, nothing of IPv6 that the kernel has by itself.
told() {
    jq -R -r '
        capture("^(?<where>[^:]*): (?<side>.)(?<text>.*)") | .side |= (if . == "-" then "ifupdown-ng" else "here" end)
        | (.text | try fromjson catch null) as $json
        | select($json[1].dst | IN("fe80::/64", "ff00::/8") | not)
        | if $json[0] == "links" then
            .text = ($json[1] | "link \(.ifname) mtu \(.mtu)" + if .flags | contains(["UP"]) then " up" else " down" end
                + if .ifalias then " alias \(.ifalias)" else "" end + if .master then " master \(.master)" else "" end
                + if .linkinfo.info_kind then " \(.linkinfo.info_kind)" else "" end)
        else . end
        | "\(.where): \(.side): \(.text)"
    ' "$1"
}

case_ up_exact_makes_what_ifupdown_ng_makes
up() {
    fresh "ng-$name"
    run on "ng-$name" ifup -a -i "$path" -S "/tmp/ifstate.$name"
    [ -z "$err$out" ] || echo "$err$out" | sed "s/^/$name: /" | shown
    theirs=$status
    fresh "$name"
    run on "$name" /vrf-launch -c "$path" up --exact
    [ -z "$err$out" ] || echo "$err$out" | sed "s/^/$name: /" | shown
    [ $((theirs == 0)) = $((status == 0)) ] || echo "$name, up: -exit code $theirs
$name, up: +exit code $status" >>/tmp/differences
    grep -q '^#=' "$path" || return 0
    fresh "hand-$name"
    sed -n 's/^#= //p' "$path" >/tmp/hand
    on "hand-$name" ip link set lo up
    expect "$name by hand" on "hand-$name" sh -e /tmp/hand
}
each up
fresh nothing
sleep 3
known '' ng- hand-
when=up
each compare
equal 'at least 45 files' "$([ "$(find /test/interfaces -type f | wc -l)" -ge 45 ] && echo yes)" yes

case_ down_exact_leaves_what_ifupdown_ng_leaves
down() {
    run on "ng-$name" ifdown -a -i "$path" -S "/tmp/ifstate.$name"
    [ -z "$err$out" ] || echo "$err$out" | sed "s/^/$name: /" | shown
    theirs=$status
    run on "$name" /vrf-launch -c "$path" down --exact
    [ $((theirs == 0)) = $((status == 0)) ] || echo "$name, down: -exit code $theirs
$name, down: +exit code $status" >>/tmp/differences
}
each down
sleep 1
known '' ng-
when=down
each compare

case_ each_difference_is_known
reasoned() {
    ! grep -q '^#~' "$path" || grep -q "^$name, " /tmp/differences || fail "$name: a reason, and no difference"
}
each reasoned
told /tmp/differences >/tmp/told
snapshot ifupdown-ng /tmp/told

case_ down_leaves_nothing
again() {
    run on "$name" /vrf-launch -c "$path" up --exact
    expect "$name: down" on "$name" /vrf-launch -c "$path" down
}
each again
rm -f /tmp/log.*
sleep 1
known ''
nothing() {
    same "$name: down leaves the state before" "$name" nothing
}
each nothing
