#!/bin/sh
# `vrf-launch ip … show`: byte for byte what iproute2 prints, in states of every kind that is known here. Nothing is handed over:
# there is no iproute2 and no busybox where ours is run.
# kernels: debian-6.1
# modules: vrf dummy bridge 8021q veth bonding
# timeout: 90
ip netns add far
mkdir -p /tmp/root/proc /tmp/root/run
mount -t proc proc /tmp/root/proc
mount --rbind /run /tmp/root/run
cp /vrf-launch /tmp/root/ip

# printed ARGS: what both print is the same, and how they end; or iproute2 has printed the same twice, and ours another thing in between
printed() {
    # shellcheck disable=SC2086 # words
    ip $1 >/tmp/wanted 2>/tmp/wanted.err
    wanted=$?
    # shellcheck disable=SC2086 # words
    chroot /tmp/root /ip $1 >/tmp/got 2>/tmp/got.err
    got=$?
    cmp -s /tmp/wanted /tmp/got && [ "$got" = "$wanted" ] && return
    # The kernel does some of it later: the state of a link, the end of duplicate address detection.
    # shellcheck disable=SC2086 # words
    ip $1 >/tmp/after 2>/tmp/said
    cmp -s /tmp/wanted /tmp/after
}
# same ARGS: both print the same, and end the same way
same() {
    soon printed "$1" || fail "ip $1: never the same twice"
    if ! cmp -s /tmp/wanted /tmp/got || [ "$got" != "$wanted" ]; then
        fail "ip $1"
        diff -U 0 /tmp/wanted /tmp/got | sed '1,3d' | cat -A | head -12 | shown
        shown </tmp/got.err
    fi
}
all_the_same() {
    for object in link addr route rule neigh; do
        for family in '' '-4 ' '-6 '; do
            for how in '' '-o '; do
                # With -6 iproute2 6.1 asks for links in a way that leaves out masters, and names the wrong ones.
                [ "$how$family$object" = '-6 addr' ] || same "$how$family$object"
            done
        done
    done
    same '-br link'
    same '-br addr'
    same 'route show table all'
    same '-6 route show table all'
}

case_ a_machine_with_nothing
all_the_same

case_ interfaces_of_every_kind
ip link set lo up
ip link add eth0 type veth peer name eth0 netns far
ip link add eth1 type veth peer name eth2
ip -n far link set eth0 up
ip link add d0 type dummy
ip link add mgmt type vrf table 10
ip link add blue type vrf table 4000000000
ip link add br0 type bridge
ip link add link d0 name d0.5 type vlan id 5
ip link add bond0 type bond
ip link set eth1 alias 'a link' mtu 1400
ip link set d0 up promisc on
ip link set eth0 master mgmt
ip link set mgmt up
ip link set eth0 up
ip link set eth1 master br0 up
ip link set br0 up
ip link set d0.5 up
ip link property add dev eth1 altname a-long-name-of-eth1-as-some-have-it
all_the_same
for selector in 'show eth0' 'sh dev eth1' 'list up' 'show type vrf' 'show master mgmt' 'show vrf mgmt' 'ls type bridge' 'show d0.5'; do
    same "link $selector"
    same "addr $selector"
    same "-o addr $selector"
done
same 'link show nowhere'

case_ addresses
ip addr add 10.20.30.40/24 dev eth0
ip addr add 10.20.30.41/24 dev eth0
ip addr add 10.9.0.1/24 brd + dev d0 label d0:x
ip addr add 10.8.0.1 peer 10.8.0.2/32 dev d0
ip addr add 192.0.2.1/24 dev d0 metric 50 noprefixroute
ip addr add fd20::40/64 dev eth0 nodad
ip addr add fd21::1/64 dev d0 nodad noprefixroute
ip addr add 127.0.0.1/8 dev mgmt
ip addr add ::1/128 dev mgmt
sleep 3
all_the_same

case_ routes
ip route add default via 10.20.30.1 dev eth0 vrf mgmt onlink
ip route add 198.51.100.0/24 via 10.9.0.9 metric 7 src 10.9.0.1 proto static
ip route add 198.51.101.0/24 via 10.9.0.9 mtu 1300 advmss 1200
ip route add 198.51.102.0/24 via 10.9.0.9 mtu lock 1300
ip route add unreachable 203.0.113.0/24
ip route add blackhole 203.0.114.0/24 table 10
ip route add prohibit 203.0.115.0/24 table 77
ip route add throw 203.0.116.0/24 table 77
ip route add 10.1.0.0/16 via inet6 fe80::1 dev d0
ip route add 10.2.0.0/16 nexthop via 10.9.0.7 weight 2 nexthop via 10.9.0.8
ip route add default via 10.9.0.1 dev d0 tos 0x10 proto dhcp
ip -6 route add default via fd20::1 dev eth0 vrf mgmt
ip -6 route add 2001:db8::/32 via fe80::1 dev d0 metric 5
ip -6 route add unreachable 2001:db9::/32
ip -6 route add 2001:dba::/32 nexthop via fe80::7 dev d0 nexthop via fe80::8 dev d0 weight 3
ip -6 route add 2001:dbb::/32 dev d0 pref high proto ra
all_the_same
for selector in 'table 10' 'vrf mgmt' 'table main' 'table local' 'dev eth0' 'dev d0' default '198.51.100.0/24' 'vrf mgmt dev eth0' \
    'default vrf mgmt' 'table 10 default' '198.51.100.0' 'exact 10.2.0.0/16'; do
    same "route show $selector"
    same "-6 route list $selector"
done
same 'route show table 77'
same '-6 route show 2001:db8::/32'

case_ rules
ip rule add pref 2000 l3mdev unreachable
ip rule add pref 32765 table local
ip rule add pref 100 from 10.9.0.0/16 table 77
ip rule add pref 101 not to 10.9.0.0/16 iif eth0 oif d0 fwmark 1/0xff table 10 suppress_prefixlength 0
ip rule add pref 102 iif nowhere blackhole
ip rule add pref 103 fwmark 7 table main protocol static
ip rule add pref 104 uidrange 10-20 prohibit
ip rule add pref 105 tos 0x10 goto 2000
printf '%s\n' 'tcp 6 TCP' 'udp 17 UDP' 'ipv6-icmp 58 IPv6-ICMP' >/etc/protocols
ip rule add pref 106 ipproto tcp dport 80 table 77
ip rule add pref 107 from 10.9.0.0/16 ipproto udp sport 1000-2000 dport 53 table 77
ip rule add pref 108 ipproto 200 uidrange 5-6 table 77
ip -6 rule add pref 106 ipproto ipv6-icmp table 77
ip -6 rule add pref 2000 l3mdev unreachable
ip -6 rule add pref 100 from fd20::/64 table 77
equal 'they are there' "$(ip rule | grep -c '^10[0-8]:') $(ip -6 rule | grep -c '^10[06]:')" '9 2'
all_the_same

case_ neighbours
ip neigh add 10.20.30.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
ip neigh add 10.20.30.2 lladdr 02:00:00:00:00:02 dev eth0 nud stale
ip neigh add fd20::1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent router
ip neigh add 10.9.0.9 dev d0 nud failed
all_the_same
same 'neigh show dev eth0'
umount -l /tmp/root/run /tmp/root/proc
