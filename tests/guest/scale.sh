#!/bin/sh
# Large files: up, up again, down; how long, and how much memory. The figures are on the console, beside those of `ip -batch`.
#
# APPEND=scale=N in the environment of the test sets how many interfaces, and 4/10 N VRFs: 10000 is what was promised.
# kernels: debian-6.1
# modules: vrf dummy
# timeout: 1800
interfaces=400 vrfs=160
scale=$(sed -n 's/.* scale=\([0-9]*\).*/\1/p' /proc/cmdline)
[ -z "$scale" ] || interfaces=$scale vrfs=$((scale * 4 / 10))

# measured NAME COMMAND...: runs it; its time in milliseconds is in $ms, its peak memory in kB in $peak
measured() {
    name=$1
    shift
    from=$(cut -d ' ' -f 1 /proc/uptime)
    run /busybox/time -f 'peak %M' "$@"
    to=$(cut -d ' ' -f 1 /proc/uptime)
    ms=$(awk "BEGIN { printf \"%d\", ($to - $from) * 1000 }")
    peak=$(echo "$err" | sed -n 's/^peak //p')
    err=$(echo "$err" | grep -v '^peak \|still at work')
    echo "# $name: $ms ms, $peak kB"
    equal "$name succeeds" "$status$err" 0
}

# Interfaces that are there, of a kind
count() { ip -o link show type "$1" | wc -l; }

theirs_ip=$(command -v ip)
# by_batch WHAT: the same by `ip -batch`, behind ours: the kernel takes a namespace away in its own time, and whatever comes then waits
by_batch() {
    ip netns add theirs
    measured "ip -batch, $1" "$theirs_ip" -n theirs -batch /tmp/batch
    echo "# up against ip -batch: $((ours * 100 / ms)) %"
    [ "$ours" -lt $((ms * 2)) ] || fail "up takes $ours ms, ip -batch $ms"
    ip netns del theirs
    sleep $((interfaces / 100))
}
ip link del dummy0 2>/tmp/said

case_ dummies
awk "BEGIN { for (n = 0; n < $interfaces; n++)
    printf \"auto d%d\niface d%d\n    link-type dummy\n    address 10.%d.%d.1/24\n\n\", n, n, n / 250, n % 250 }" >/tmp/conf
awk "BEGIN { for (n = 0; n < $interfaces; n++) printf \"link add d%d type dummy\n\", n
    for (n = 0; n < $interfaces; n++)
        printf \"link set d%d up\naddr add 10.%d.%d.1/24 dev d%d\n\", n, n / 250, n % 250, n }" >/tmp/batch
measured "up, $interfaces interfaces" /vrf-launch -c /tmp/conf up
ours=$ms
equal 'all are there' "$(ip -o -4 addr show | grep -c ' d[0-9]')" "$interfaces"
[ "$peak" -lt $((4000 + interfaces * 2)) ] || fail "up takes $peak kB"
measured 'up again' /vrf-launch -c /tmp/conf up
[ "$ms" -lt "$ours" ] || fail "up again takes $ms ms"
measured down /vrf-launch -c /tmp/conf down
equal 'none is left' "$(count dummy)" 0
by_batch "$interfaces interfaces"

case_ vrfs
awk "BEGIN { for (n = 1; n <= $vrfs; n++)
    printf \"auto v%d\niface v%d\n    vrf-table %d\n    vrf-route unreachable 10.9.0.0/16\n\n\", n, n, 1000 + n }" >/tmp/conf
awk "BEGIN { for (n = 1; n <= $vrfs; n++) printf \"link add v%d type vrf table %d\n\", n, 1000 + n
    for (n = 1; n <= $vrfs; n++)
        printf \"link set v%d up\naddr add 127.0.0.1/8 dev v%d\naddr add ::1/128 dev v%d nodad\nroute add unreachable 10.9.0.0/16 table %d\n\", n, n, n, 1000 + n }" >/tmp/batch
measured "up, $vrfs VRFs" /vrf-launch -c /tmp/conf up
ours=$ms
equal 'all are there' "$(count vrf)" "$vrfs"
[ "$peak" -lt $((4000 + vrfs * 3)) ] || fail "up takes $peak kB"
measured 'up again' /vrf-launch -c /tmp/conf up
measured down /vrf-launch -c /tmp/conf down
equal 'none is left' "$(count vrf)" 0
by_batch "$vrfs VRFs"

# Of many interfaces, some are made and set up, then some more; but not where one is named before its turn.
case_ what_is_named_before_it_is_made
{
    printf 'auto pb\niface pb\n    address 10.88.0.1/24\n\n'
    printf 'auto d0\niface d0\n    link-type dummy\n    post-up ip link set dev d59 mtu 1400\n\n'
    awk 'BEGIN { for (n = 1; n < 60; n++) printf "auto d%d\niface d%d\n    link-type dummy\n\n", n, n }'
    printf 'auto pa\niface pa\n    link-type veth\n    veth-peer-name pb\n'
} >/tmp/conf
run /vrf-launch -c /tmp/conf up
equal 'up' "$status$out$err" 0
equal 'a command of the first is about the last but one' "$(ip -j link show d59 | jq -r '.[].mtu')" 1400
equal 'the other end of a pair comes with it' "$(ip -j addr show pb | jq -r '.[].addr_info[] | select(.family == "inet").local')" 10.88.0.1
run /vrf-launch -c /tmp/conf down
equal 'down' "$status$out$err" 0
equal 'none is left' "$(count dummy)$(count veth)" 00

# Nobody knows what a command for a shell is about.
case_ what_a_shell_may_be_about_is_there
{
    printf 'auto d0\niface d0\n    link-type dummy\n    post-up test -e /sys/class/net/d59 || exit 3\n\n'
    awk 'BEGIN { for (n = 1; n < 60; n++) printf "auto d%d\niface d%d\n    link-type dummy\n\n", n, n }'
} >/tmp/conf
run /vrf-launch -c /tmp/conf up
equal 'up' "$status$out$err" 0
expect 'down' /vrf-launch -c /tmp/conf down

# great_many: 150 VRFs with a member each, and in the middle one with a member that was there before
great_many() {
    awk 'BEGIN { for (n = 1; n <= 150; n++) {
        printf "auto v%d\niface v%d\n    vrf-table %d\n    vrf-route unreachable 10.9.0.0/16\n", n, n, 1000 + n
        if (n == 75) printf "auto there\niface there\n    address 10.75.1.1/24\n    address fd00:75::1/64\n    vrf v75\n"
        printf "auto m%d\niface m%d\n    link-type dummy\n    address 10.%d.0.1/24\n    gateway 10.%d.0.2\n    vrf v%d\n", n, n, n, n, n
    } }'
}
# in_new NAMESPACE: makes it, with an interface that has an address
in_new() {
    ip netns add "$1"
    ip -n "$1" link set lo up
    ip -n "$1" link add there type dummy
    ip -n "$1" addr add 10.75.1.1/24 dev there
    ip -n "$1" link set there up
}
# patient NAMESPACE COMMAND...: `run on`, without what says that it takes long
patient() {
    run on "$@"
    err=$(echo "$err" | grep -v 'still at work')
}
# alike ONE OTHER: the state in two namespaces
alike() {
    states "$1" "$2"
    cmp -s "/tmp/state.$1" "/tmp/state.$2"
}

# The kernel goes through the routes of IPv6 in all tables whenever an interface comes up or gets a master.
case_ a_great_many_get_their_addresses_last
great_many >/tmp/conf
in_new one
background ip -n one -o monitor link address
sleep 1
patient one /vrf-launch -q -c /tmp/conf up
equal 'up' "$status$out$err" 0
sleep 1
kill "$pid"
equal 'the last VRF is up before the first member has its address' "$(awk '
    / v150: .*[<,]UP[,>]/ && !up { up = NR }
    / m1 .*inet 10\.1\.0\.1/ && !address { address = NR }
    END { print up && address && up < address }' "$log")" 1
equal 'what was there is no member until its turn comes' "$(awk '
    / there: .* master / && !member { member = NR }
    / m74 .*inet 10\.74\.0\.1/ && !before { before = NR }
    END { print member && before && before < member }' "$log")" 1
in_new two
for first in 1 76; do
    # shellcheck disable=SC2046 # words
    patient two /vrf-launch -q -c /tmp/conf up $(seq -f 'v%g' $first $((first + 74))) $(seq -f 'm%g' $first $((first + 74)))
    equal 'up of a part' "$status$out$err" 0
done
expect 'up of the rest' on two /vrf-launch -q -c /tmp/conf up there
soon alike one two || fail 'it is not as if it had come up in parts'
patient one /vrf-launch -q -c /tmp/conf up
equal 'up again' "$status$out$err" 0
alike one two || fail 'up again changes it'
for namespace in one two; do
    patient $namespace /vrf-launch -q -c /tmp/conf down
    equal 'down' "$status$out$err" 0
    equal 'none is left' "$(ip -n $namespace -o link show | wc -l)" 2
done

case_ one_of_a_great_many_fails
great_many | sed '/^iface m99$/a\    mtu 9' >/tmp/conf
in_new three
patient three /vrf-launch -q -c /tmp/conf up
equal 'up' "$status" 111
match 'says which' "$err" 'address 10\.99\.0\.1/24 dev m99: ENOBUFS'
equal 'it is gone' "$(ip -n three -o link show | grep -c ' m99:')" 0
equal 'the others are up' "$(ip -n three -o addr show | grep -c ' m[0-9]* .*inet 10\.')" 149
expect 'down' on three /vrf-launch -q -c /tmp/conf down

# Where a VRF's route is by the member of another, that has to be up by then.
case_ a_route_by_what_is_up
for route in '10.200.0.0/16 dev m2' '10.200.0.0/16 via 10.2.0.9 dev m2'; do
    {
        great_many
        printf 'auto last\niface last\n    vrf-table 2000\n    vrf-route %s\n' "$route"
    } >/tmp/conf
    name=${route##*/16 } name=by-${name%% *}
    in_new "$name"
    patient "$name" /vrf-launch -q -c /tmp/conf up
    equal "up with $route" "$status$out$err" 0
    match 'the route' "$(ip -n "$name" route show table 2000)" "^$route"
    expect 'down' on "$name" /vrf-launch -q -c /tmp/conf down
done
