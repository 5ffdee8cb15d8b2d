#!/bin/sh
# A launch at level bind into a VRF whose rules do not isolate, as networkd and ifupdown2 make it, says so; where nothing leaks, it is silent.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1
#
# Whether there is a leak is seen from the far host: net is reached by a route in main.
# modules: vrf
# timeout: 120
far lan eth0 10.20.30.1/24 fd20::1/64
far net eth1 203.0.113.1/24 2001:db8::1/64
ip link add mgmt type vrf table 10
ip link set eth0 master mgmt
for link in lo mgmt eth0 eth1; do
    ip link set $link up
done
ip addr add 10.20.30.40/24 dev eth0
ip addr add fd20::40/64 dev eth0 nodad
ip addr add 203.0.113.40/24 dev eth1
ip addr add 2001:db8::40/64 dev eth1 nodad
for host in lan net; do # the far hosts prove their addresses
    soon sh -c "! ip netns exec $host ip -6 addr show tentative | grep -q inet6"
done
for family in 4 6; do
    v6only=$([ $family = 4 ] || echo ,ipv6-v6only=1)
    background ip netns exec net /usr/bin/socat -u "UDP$family-RECV:7000$v6only" "OPEN:/tmp/heard$family,creat,append"
done
listeners=$pids pids='' # they outlive the cases
soon listens_ udp4 7000 "$(echo "$listeners" | cut -d ' ' -f 2)"
soon listens_ udp6 7000 "$pid"

# leaks WRAPPER...: which of a command's datagrams to net get there, of IPv4 and IPv6
leaks() {
    : >/tmp/heard4
    : >/tmp/heard6
    echo heard4 | "$@" /usr/bin/socat -u - UDP4-SENDTO:203.0.113.1:7000 2>/tmp/said
    echo heard6 | "$@" /usr/bin/socat -u - "UDP6-SENDTO:[2001:db8::1]:7000" 2>/tmp/said
    sleep 0.3
    cat /tmp/heard4 /tmp/heard6
}
bound() { leaks /vrf-launch -q --isolation bind mgmt --; }
# said: what a launch at bind says
said() {
    run /vrf-launch --isolation bind mgmt -- echo started
    equal 'it is started' "$status$out" 0started
    equal 'in one line at most' "$(echo "$err" | wc -l)" 1
    echo "$err"
}
warns() { echo "vrf-launch: mgmt: $1 packets for which its table has no route leave by table main; $2 ends that, and so does --isolation guard"; }
both='ip -4 rule add pref 1000 l3mdev unreachable protocol kernel (and ip -6)'
four='ip -4 rule add pref 1000 l3mdev unreachable protocol kernel'
six='ip -6 rule add pref 1000 l3mdev unreachable protocol kernel'

case_ a_leak_is_said_with_its_remedy
equal 'it leaks' "$(bound)" 'heard4
heard6'
equal 'both families' "$(said)" "$(warns 'IPv4 and IPv6' "$both")"
for options in '--bind seccomp' '--bind none'; do
    # shellcheck disable=SC2086 # words
    run /vrf-launch $options mgmt -- echo started
    equal "at level bind by <$options>" "$status$out$err" "0started$(warns 'IPv4 and IPv6' "$both")"
done
run /vrf-launch -q --isolation bind mgmt -- echo started
equal 'quiet' "$status$out$err" 0started
for level in guard strict; do
    run /vrf-launch --isolation $level mgmt -- echo started
    equal "$level holds it" "$status$out$err" 0started
done

case_ the_remedy_is_one
ip -4 rule add pref 1000 l3mdev unreachable protocol kernel
equal 'IPv6 leaks' "$(bound)" heard6
equal 'and is said' "$(said)" "$(warns IPv6 "$six")"
ip -6 rule add pref 1000 l3mdev unreachable protocol kernel
equal 'nothing leaks' "$(bound)" ''
equal 'nothing is said' "$(said)" ''
equal 'everybody else goes on' "$(leaks env)" 'heard4
heard6'
ip -4 rule del pref 1000 l3mdev unreachable
equal 'IPv4 leaks' "$(bound)" heard4
equal 'and is said' "$(said)" "$(warns IPv4 "$four")"
ip -6 rule del pref 1000 l3mdev unreachable

case_ a_default_route_of_the_vrf_ends_its_lookups
ip -4 route add unreachable default metric 4278198272 table 10
equal 'IPv4 does not leak' "$(bound)" heard6
equal 'nor is it said to' "$(said)" "$(warns IPv6 "$six")"
ip -6 route add default via fd20::1 dev eth0 table 10
equal 'nothing leaks' "$(bound)" ''
equal 'nothing is said' "$(said)" ''
ip -4 route del unreachable default table 10
ip -4 route add throw default table 10
equal 'a route that sends lookups on leaks' "$(bound)" heard4
equal 'and is said' "$(said)" "$(warns IPv4 "$four")"
ip -4 route del throw default table 10
ip -6 route del default table 10

case_ other_layouts
for family in 4 6; do
    ip -$family rule add pref 2000 l3mdev unreachable
    ip -$family rule add pref 32765 table local
    ip -$family rule del pref 0
done
equal 'of the kernel documentation' "$(said)$(bound)" ''
for family in 4 6; do
    ip -$family rule add pref 0 table local
    ip -$family rule del pref 2000
    ip -$family rule add pref 1500 to 192.0.2.0/24 table 77
    ip -$family rule add pref 5000 l3mdev prohibit
done 2>/tmp/said
equal 'prohibit, behind a rule for some' "$(said)$(bound)" ''
for family in 4 6; do
    ip -$family rule del pref 5000
    ip -$family rule add pref 40000 l3mdev unreachable
done
equal 'unreachable behind main leaks' "$(bound)" 'heard4
heard6'
equal 'and is said' "$(said)" "$(warns 'IPv4 and IPv6' "$both")"
printf 'auto mgmt\niface mgmt\n    vrf-table 10\n' >/tmp/conf
expect 'up' /vrf-launch -c /tmp/conf up
equal 'its rules end them' "$(said)$(bound)" ''
pids=$listeners
