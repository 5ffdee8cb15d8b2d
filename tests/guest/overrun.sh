#!/bin/sh
# Netlink sockets that are told more than they hold: the kernel drops events, and says so (ENOBUFS). `run` and a waiting `up` look
# again at how things are; acknowledgements and tables are not lost, however small sockets are.
# kernels: once
# modules: vrf dummy
# timeout: 120
cat >/tmp/conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto eth0
iface eth0
    address 10.20.30.40/24
    vrf mgmt
service sleeper
    vrf mgmt
    exec /busybox/sleep 1000
END
for n in $(seq 400); do
    echo "link add d$n type dummy"
done >/tmp/many
sed 's/add/del/; s/ type dummy//' /tmp/many >/tmp/many.gone

# dropped: events that sockets did not hold, of all processes
dropped() {
    awk 'NR > 1 { sum += $9 } END { print sum + 0 }' /proc/net/netlink
}
is_member() {
    ip -j addr show eth0 2>/tmp/said | jq -e '.[0].master == "mgmt" and any(.[0].addr_info[]; .local == "10.20.30.40")' >/tmp/said
}

case_ run_looks_again
ip link add eth0 type dummy
background /vrf-launch -c /tmp/conf run sleeper
launcher=$pid
soon grep -q 'sleeper: started' "$log" || fail 'it does not start'
expect 'a member' soon is_member
for round in 1 2 3; do
    before=$(dropped)
    kill -STOP "$launcher"
    ip link del eth0
    ip -b /tmp/many
    # Nobody hears of it any more.
    ip link add eth0 type dummy
    drops=$(($(dropped) - before))
    expect "more than it holds, $round" test "$drops" -gt 0
    kill -CONT "$launcher"
    expect "a member again, $round" soon is_member
    ip -b /tmp/many.gone
    sleep 1
done
echo "# $drops events were dropped"
expect 'it runs' kill -0 "$launcher"
ticks=$(awk '{ print $14 + $15 }' "/proc/$launcher/stat")
sleep 2
equal 'and not in circles' "$(awk '{ print $14 + $15 }' "/proc/$launcher/stat")" "$ticks"
ip link del eth0
ip link add eth0 type dummy
expect 'events are heard as before' soon is_member
kill "$launcher"
wait "$launcher"
expect 'down' /vrf-launch -c /tmp/conf down

case_ up_waits_on
ip link del eth0
background /vrf-launch -c /tmp/conf --wait 60 up
launcher=$pid
soon grep -q 'waiting for interface eth0' "$log" || fail 'it does not wait'
before=$(dropped)
kill -STOP "$launcher"
ip -b /tmp/many
ip link add eth0 type dummy
expect 'more than it holds' test "$(dropped)" -gt "$before"
kill -CONT "$launcher"
expect 'a member' soon is_member
wait "$launcher"
equal 'exit code' $? 0
expect 'down' /vrf-launch -c /tmp/conf down

case_ small_sockets
# A third of what is usual holds the answers to a batch, refusals too, and the list of links is several times as long.
usual=$(cat /proc/sys/net/core/rmem_default)
sysctl -qw net.core.rmem_default=65536
{
    cat /tmp/conf
    echo 'auto d1'
    echo 'iface d1'
    echo '    vrf mgmt'
    for n in $(seq 60); do
        echo "    address 10.77.$n.1/24"
    done
} >/tmp/wide
state >/tmp/before
for round in 1 2; do
    expect "up, $round" /vrf-launch -c /tmp/wide up
    equal "addresses, $round" "$(ip -j addr show d1 | jq '.[0].addr_info | map(select(.family == "inet")) | length')" 60
done
run /vrf-launch show mgmt
match 'show' "$out" '10\.77\.60\.1'
expect 'down' /vrf-launch -c /tmp/wide down
same_state 'as before' /tmp/before

case_ sockets_that_hold_nothing
# The kernel's least is two answers or so.
sysctl -qw net.core.rmem_default=2304
run /vrf-launch -c /tmp/wide up
equal 'exit code' "$status" 111
match 'what is said' "$err" 'ENOBUFS'
sysctl -qw net.core.rmem_default="$usual"
expect 'up' /vrf-launch -c /tmp/wide up
equal 'addresses' "$(ip -j addr show d1 | jq '.[0].addr_info | map(select(.family == "inet")) | length')" 60
expect 'down' /vrf-launch -c /tmp/wide down
same_state 'as before' /tmp/before

case_ links_come_and_go_while_up_reads_them
(
    while [ ! -e /tmp/enough ]; do
        ip -b /tmp/many.gone
        ip -b /tmp/many
    done
) 2>/tmp/said &
churn=$!
for round in 1 2 3; do
    expect "up, $round" /vrf-launch -c /tmp/conf up
    expect "a member, $round" is_member
    expect "down, $round" /vrf-launch -c /tmp/conf down
done
touch /tmp/enough
wait $churn
