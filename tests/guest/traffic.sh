#!/bin/sh
# What must go on working at guard: path MTU errors, neighbour discovery, multicast and broadcast inside the VRF, link-local
# addresses, and the VRF's own addresses.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)     lan, a router ── beyond  10.99.0.2 fd99::2, over a link of MTU 1300
# kernels: once alpine-6.18
# modules: vrf
# timeout: 90
level=guard
far lan eth0 10.20.30.1/24 fd20::1/64
ip netns add beyond
ip link add link0 netns lan mtu 1300 type veth peer name link0 netns beyond
on lan ip addr add 10.99.0.1/24 dev link0
on lan ip -6 addr add fd99::1/64 dev link0 nodad
on lan ip link set link0 up
on beyond ip link set lo up
on beyond ip addr add 10.99.0.2/24 dev link0
on beyond ip -6 addr add fd99::2/64 dev link0 nodad
on beyond ip link set link0 mtu 1500 up # so that it asks for segments that are too large
on beyond ip route add default via 10.99.0.1
on beyond ip -6 route add default via fd99::1
on lan sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
cat >/tmp/conf <<'EOF2'
auto eth0
iface eth0
    vrf mgmt
    address 10.20.30.40/24
    address fd20::40/64
    gateway 10.20.30.1
    gateway fd20::1
auto mgmt
iface mgmt
    vrf-table 10
EOF2
/vrf-launch -c /tmp/conf up || fail 'up'
sleep 1
inside() {
    /vrf-launch --isolation $level mgmt -- "$@"
}
dd if=/dev/urandom of=/tmp/data bs=1000 count=200 2>/tmp/said

case_ path_mtu_errors_arrive
for pair in 4=10.99.0.2 6=fd99::2; do
    family=${pair%%=*} address=${pair#*=}
    background ip netns exec beyond /usr/bin/socat -u "TCP$family-LISTEN:7000,reuseaddr" OPEN:/tmp/got,creat,trunc
    sleep 0.5
    case $address in *:*) address="[$address]" ;; esac
    expect "sent over IPv$family" timeout 20 /vrf-launch --isolation $level mgmt -- /usr/bin/socat -u OPEN:/tmp/data "TCP$family:$address:7000"
    sleep 0.5
    expect "it has come whole, over IPv$family" cmp /tmp/data /tmp/got
    address=${pair#*=}
    match "the path's MTU of IPv$family is known" "$(ip -"$family" route get "$address" vrf mgmt)" 'mtu 1300'
done
run inside /usr/bin/ping -n -c 2 -W 1 -M 'do' -s 1400 10.99.0.2
match 'a datagram that is too large is told' "$out$err" 'Message too long|message too long|Frag needed|mtu ?= ?1300'

case_ neighbours_are_found
for pair in 4=10.20.30.1 6=fd20::1; do
    ip neigh flush dev eth0 2>/tmp/said
    expect "IPv${pair%%=*}" inside /usr/bin/ping -n -c 1 -W 2 "${pair#*=}"
done
ip neigh flush dev eth0
on lan ip neigh flush dev eth0
serve tcp6 7100 inside /vrf-launch --isolation $level mgmt --
equal 'from the other side' "$(ask tcp6 fd20::40 7100 ip netns exec lan 2>/tmp/said)" inside

case_ its_own_addresses_answer
serve tcp4 7200 inside /vrf-launch --isolation $level mgmt --
serve tcp6 7200 inside /vrf-launch --isolation $level mgmt --
serve udp4 7200 inside /vrf-launch --isolation $level mgmt --
for address in 127.0.0.1 10.20.30.40; do
    equal "TCP $address" "$(ask tcp4 $address 7200 /vrf-launch --isolation $level mgmt -- 2>/tmp/said)" inside
    equal "UDP $address" "$(ask udp4 $address 7200 /vrf-launch --isolation $level mgmt -- 2>/tmp/said)" inside
done
for address in ::1 fd20::40; do
    equal "TCP $address" "$(ask tcp6 $address 7200 /vrf-launch --isolation $level mgmt -- 2>/tmp/said)" inside
done

case_ multicast_and_broadcast_go_by_the_member
ip route add 239.0.0.0/8 dev eth0 table 10
background ip netns exec lan tcpdump -Z root -l -n -i eth0 udp port 7300
ear=$log
soon grep -q listening "$ear"
# Without an interface the kernel looks in the main table, whatever the socket is bound to (udp_sendmsg).
echo x | inside /usr/bin/socat - UDP4-DATAGRAM:239.1.2.3:7300,ip-multicast-if=10.20.30.40 2>/tmp/said
echo x | inside /usr/bin/socat - UDP4-DATAGRAM:10.20.30.255:7300,broadcast 2>/tmp/said
echo x | inside /usr/bin/socat - 'UDP6-DATAGRAM:[ff02::1%eth0]:7300' 2>/tmp/said
for to in 239.1.2.3 10.20.30.255 ff02::1; do
    soon grep -q "> $to" "$ear" || fail "nothing for $to"
done
