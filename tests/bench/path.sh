#!/bin/sh
# What being kept away from networks costs, by each way there is, in instructions of the whole machine.
#
#   far  10.0.0.1 ── eth0, a member of mgmt    eth1, of no VRF ── near  10.0.1.1
# kernels: debian-6.1
# modules: vrf nf_tables nft_compat nft_socket nft_reject_inet nft_reject_ipv4 xt_owner ipt_REJECT nf_reject_ipv4
# source: costs.c
# programs: nft xtables-nft-multi
# timeout: 900
# shellcheck source=/dev/null # lib.sh, beside this
. /test/more.sh
far far eth0 10.0.0.1/24
far near eth1 10.0.1.1/24
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link set eth0 master mgmt
for pair in eth0=10.0.0.2/24 eth1=10.0.1.2/24; do
    ip link set "${pair%=*}" up
    ip addr add "${pair#*=}" dev "${pair%=*}"
done
# The rules that isolate, as `up` makes them; as many recipes have them; and none, as the kernel makes them.
rules_first() {
    for family in 4 6; do
        ip -$family rule add pref 0 l3mdev protocol kernel
        ip -$family rule add pref 0 l3mdev unreachable protocol kernel
        ip -$family rule add pref 0 table local protocol boot
        ip -$family rule del pref 0 table local protocol kernel
        ip -$family rule add pref 0 table local protocol kernel
        ip -$family rule del pref 0 table local protocol boot
    done
}
rules_of_kernel() {
    for family in 4 6; do
        ip -$family rule del pref 0 l3mdev unreachable protocol kernel
        ip -$family rule del pref 0 l3mdev protocol kernel
    done
}
rules_of_recipes() {
    for family in 4 6; do
        ip -$family rule add pref 2000 l3mdev unreachable
        ip -$family rule add pref 32765 table local
        ip -$family rule del pref 0
    done
}
rules_first
# What is sent there goes nowhere.
ip link add nowhere type dummy
ip link set nowhere up
ip addr add 10.0.9.2/24 dev nowhere
ip neigh add 10.0.9.1 lladdr 02:00:00:00:00:01 dev nowhere
# A namespace of its own, reached by a veth pair: the other way to give a service a network.
ip netns add own
ip link add eth2 type veth peer name eth2 netns own
ip addr add 10.0.2.2/24 dev eth2
ip link set eth2 up
on own ip link set lo up
on own ip link set eth2 up
on own ip addr add 10.0.2.3/24 dev eth2
on own ip route add default via 10.0.2.2
sysctl -qw net.ipv4.ip_forward=1
on near ip route add 10.0.2.0/24 via 10.0.1.2
# Connections that have ended would be in the way of the next row's.
for host in '' far near own; do
    ${host:+ip netns exec $host} sysctl -qw net.ipv4.tcp_max_tw_buckets=0
done
for host in far near; do
    background ip netns exec $host costs serve
    # shellcheck disable=SC2154 # made by background
    soon grep -q ready "$log" || fail "no server on $host"
done
export pids='' # they stay for all cases
version nftables "$(nft --version)"
version iptables "$(xtables-nft-multi iptables --version)"

# each OPERATION: by all ways but packet filters
each() {
    each_ "$1" 'no VRF' 10.0.1.1
    each_ "$1" 'ip vrf exec' 10.0.0.1 ip vrf exec mgmt
    for level in bind guard strict; do
        each_ "$1" "vrf-launch, $level" 10.0.0.1 /vrf-launch --isolation $level mgmt --
    done
    each_ "$1" 'vrf-launch, --bind seccomp' 10.0.0.1 /vrf-launch --bind seccomp mgmt --
    each_ "$1" 'a seccomp filter on all calls' 10.0.1.1 costs fenced
    each_ "$1" 'network namespace and veth' 10.0.1.1 ip netns exec own
}
each_() {
    operation_=$1 who_=$2 to_=$3
    shift 3
    case $operation_ in
    socket) n=2000 table='a socket made and closed' ;;
    udp) n=1000 table='a UDP question and its answer' ;;
    send) n=5000 table='a UDP datagram sent outside of VRFs' ;;
    tcp) n=300 table='a TCP connection, a byte there and back' ;;
    bulk) n=1500 table='16 KiB of a stream' ;;
    esac
    measure "$table" "$who_" instructions "$@" costs "$operation_" "$n" "$to_"
}

case_ sockets
each socket
case_ datagrams
each udp
case_ outside
rules_of_kernel
each_ send 'the rules of the kernel' 10.0.9.1
rules_first
each_ send 'those of vrf-launch before them' 10.0.9.1
rules_of_kernel
rules_of_recipes
each_ send 'table local moved to 32765' 10.0.9.1
for family in 4 6; do
    ip -$family rule add pref 0 table local protocol kernel
    ip -$family rule del pref 32765
    ip -$family rule del pref 2000
done
rules_first
case_ connections
each tcp
case_ streams
each bulk

# A service in a cgroup, or of a user, that may use eth1 alone; what the filters cost everybody else as well.
case_ nftables
mkdir /sys/fs/cgroup/kept
printf '#!/bin/sh\necho 0 >/sys/fs/cgroup/kept/cgroup.procs\nexec "$@"\n' >/tmp/kept
chmod +x /tmp/kept
expect 'rules of nftables' nft -f - <<'EOF2'
table inet kept {
    chain out {
        type filter hook output priority 0
        socket cgroupv2 level 1 "kept" oifname != { "lo", "eth1" } reject
    }
    chain in {
        type filter hook input priority 0
        socket cgroupv2 level 1 "kept" iifname != { "lo", "eth1" } drop
    }
}
EOF2
for operation in socket udp tcp bulk; do
    each_ $operation 'nftables, a match of the cgroup' 10.0.1.1 /tmp/kept
done
nft flush ruleset

case_ iptables
expect 'a rule of iptables' xtables-nft-multi iptables -A OUTPUT -m owner --uid-owner 65534 ! -o eth1 -j REJECT
for operation in socket udp tcp bulk; do
    each_ $operation 'iptables, a match of the owner' 10.0.1.1 setpriv --reuid 65534 --clear-groups
done
