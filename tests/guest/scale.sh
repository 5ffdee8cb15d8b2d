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
