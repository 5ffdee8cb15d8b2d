#!/bin/sh
# An interface that is in use becomes a member of a VRF and leaves it again, and loses nothing.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (main, mgmt, main)
# kernels: once alpine-6.18
# modules: vrf
far lan eth0 10.20.30.1/24 fd20::1/64
cat >/tmp/conf <<'EOF2'
auto eth0
iface eth0
    vrf mgmt
auto mgmt
iface mgmt
    vrf-table 10
EOF2
ip link set eth0 up
ip addr add 10.20.30.40/24 dev eth0
ip -6 addr add fd20::40/64 dev eth0
ip -6 addr add fd20::41/64 dev eth0 valid_lft 3000 preferred_lft 1000
ip -6 addr add fd20::42/128 dev eth0 noprefixroute
ip route add 192.0.2.0/24 via 10.20.30.1 metric 7
ip route add default via 10.20.30.1 dev eth0 onlink
ip -6 route add 2001:db8:9::/48 via fd20::1 metric 9
ip -6 route add default via fd20::1
soon sh -c 'ip -6 addr show dev eth0 scope link | grep -q inet6 && ! ip -6 addr show tentative | grep -q inet6'

# addresses: those of eth0, with what they are; lifetimes to the nearest minute
addresses() {
    ip -j addr show dev eth0 |
        jq -c '.[0].addr_info[] | [.family, .local, .prefixlen, .scope, .noprefixroute, ((.valid_life_time + 30) / 60 | floor), ((.preferred_life_time + 30) / 60 | floor)]' | sort
}
# routes TABLE: those somebody made
routes() {
    for family in 4 6; do
        ip -$family -j route show table "$1" | jq -c '.[] | select(.protocol != "kernel" and .protocol != "ra" and .dst != "ff00::/8") | [.dst, .gateway, .dev, .metric, .flags]'
    done | sort
}
addresses >/tmp/addresses
routes main >/tmp/routes
kept() {
    addresses >/tmp/now
    cmp -s /tmp/addresses /tmp/now || {
        fail "$1: addresses"
        diff -U 0 /tmp/addresses /tmp/now | shown
    }
    routes "$2" >/tmp/now
    cmp -s /tmp/routes /tmp/now || {
        fail "$1: routes"
        diff -U 0 /tmp/routes /tmp/now | shown
    }
}

case_ iproute2_loses_them
expect 'there are addresses' test "$(wc -l </tmp/addresses)" = 5
expect 'there are routes' test "$(wc -l </tmp/routes)" = 4
ip link add other type vrf table 20
ip link set other up
ip link set eth0 master other
addresses >/tmp/now
refuse 'IPv6 addresses are kept' cmp /tmp/addresses /tmp/now
ip link set eth0 nomaster
ip link del other
ip addr flush dev eth0 scope global
ip addr add 10.20.30.40/24 dev eth0
ip -6 addr add fd20::40/64 dev eth0 nodad
ip -6 addr add fd20::41/64 dev eth0 nodad valid_lft 3000 preferred_lft 1000
ip -6 addr add fd20::42/128 dev eth0 nodad noprefixroute
ip route replace 192.0.2.0/24 via 10.20.30.1 metric 7
ip route replace default via 10.20.30.1 dev eth0 onlink
ip -6 route replace 2001:db8:9::/48 via fd20::1 metric 9
ip -6 route replace default via fd20::1
soon sh -c 'ip -6 addr show dev eth0 scope link | grep -q inet6 && ! ip -6 addr show tentative | grep -q inet6'
kept 'as at first' main

case_ becoming_a_member_loses_nothing
run /vrf-launch -c /tmp/conf up
equal 'up' "$status$err" 0
kept 'in the VRF' 10
equal 'the switch is as it was' "$(cat /proc/sys/net/ipv6/conf/eth0/keep_addr_on_down)" 0
expect 'it is reached' on lan ping -n -c 1 -W 2 fd20::41
expect 'and reaches' /vrf-launch mgmt -- ping -n -c 1 -W 2 10.20.30.1
run /vrf-launch -c /tmp/conf up
equal 'up again' "$status$err" 0
kept 'still' 10

case_ leaving_loses_nothing
run /vrf-launch -c /tmp/conf down
equal 'down' "$status$err" 0
kept 'outside again' main
