#!/bin/sh
# The ways out of a VRF (escape.c), as nobody and as root, at each level, judged by a sniffer on the wire that is forbidden, a listener
# outside of the VRF, and a listener in another VRF.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1
#                                             eth2 (blue) ── far  198.51.100.1
#
# What does not reach the wire without a VRF either cannot be had on this kernel ("n/a"); it says nothing.
# processors: all
# modules: vrf sctp dccp_ipv4 smc smc_diag rds rds_tcp l2tp_ip
# timeout: 300
far lan eth0 10.20.30.1/24 fd20::1/64
far net eth1 203.0.113.1/24 2001:db8::1/64
far far eth2 198.51.100.1/24
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link set eth0 master mgmt
ip link add blue type vrf table 20
ip link set blue up
ip link set eth2 master blue
for pair in eth0=10.20.30.40/24 eth1=203.0.113.40/24 eth2=198.51.100.40/24; do
    ip link set "${pair%=*}" up
    ip addr add "${pair#*=}" dev "${pair%=*}"
done
ip link set lo up
ip -6 addr add fd20::40/64 dev eth0 nodad
ip -6 addr add 2001:db8::40/64 dev eth1 nodad
for family in 4 6; do
    ip -$family rule add pref 2000 l3mdev unreachable
    ip -$family rule add pref 32765 table local
    ip -$family rule del pref 0
done
ip route add default via 203.0.113.1
ip -6 route add default via 2001:db8::1
sysctl -qw net.ipv4.ping_group_range='0 2147483647' net.ipv4.tcp_fastopen=5
link_local() {
    "$@" ip -6 -j addr show dev eth1 | jq -r '.[].addr_info[] | select(.scope == "link") | .local'
}
soon sh -c '! ip -6 addr show tentative | grep -q inet6; ! ip netns exec net ip -6 addr show tentative | grep -q inet6'
export OUT=eth1 OTHER=eth2 OWN=eth0 VRF=mgmt TO4=203.0.113.1 TO6=2001:db8::1 FROM4=203.0.113.40
LINK6=$(link_local on net) OWN6=$(link_local)
export LINK6 OWN6
escape list >/tmp/ways
background escape holder
export HOLDER="$pid"
background escape ear eth1
ears=$log
# The kernel's copy has the index of the member, not of the VRF.
background ip vrf exec blue escape ear eth2 bound
ears="$ears $log"
pids='' # they stay for all cases
# shellcheck disable=SC2086 # files
soon sh -c '! grep -L listening "$@" | grep -q .' sh $ears

# got_out COLUMN USER WRAPPER...: tries all ways; leaves the numbers of those that reached the wire or a listener in /tmp/out.COLUMN
got_out() {
    column=$1 user=$2
    shift 2
    # RDS goes on trying to connect for those that are gone.
    rmmod rds_tcp 2>/tmp/said && modprobe rds_tcp
    for ear in $ears; do
        wc -l <"$ear" >"$ear.before"
    done
    ip netns exec net tcpdump -Z root -Q in -U --immediate-mode -n -i eth1 -w /tmp/pcap 2>/tmp/sniffer &
    sniffer=$!
    soon grep -q listening /tmp/sniffer || fail "$column: no sniffer"
    case $user in
    root) escape hold "$@" escape all >/tmp/said 2>&1 ;;
    nobody) escape hold "$@" setpriv --reuid=65534 --regid=65534 --clear-groups escape all >/tmp/said 2>&1 ;;
    esac
    sleep 1
    kill $sniffer
    ip route flush table 10 proto boot
    ip rule del pref 100 2>/tmp/said
    wait $sniffer 2>/tmp/said
    {
        grep -a -o 'ESC[0-9][0-9]\.' /tmp/pcap | tr -d 'ESC.'
        for ear in $ears; do
            tail -n +$(($(cat "$ear.before") + 1)) "$ear"
        done
        # The kernel's reports of groups.
        tcpdump -Z root -nn -v -r /tmp/pcap 2>/tmp/said | grep -oE 'gaddr (239\.76\.1\.|ff05::76:1:)[0-9]+' | sed 's/.*[.:]//'
        # By the port; RDS goes to its own.
        tcpdump -Z root -nn -r /tmp/pcap 2>/tmp/said | sed -n 's/.* > [^ ]*\.200\([0-9][0-9]\): .*/\1/p; s/.* > [^ ]*\.16385: .*/rds/p' |
            sed "s/rds/$(sed -n 's/ .*AF_RDS$//p' /tmp/ways)/"
    } | sort -u >"/tmp/out.$column"
    echo "# $column: $(wc -l <"/tmp/out.$column") ways out: $(tr '\n' ' ' <"/tmp/out.$column")"
}
# What no program of a cgroup sees (initramfs/isolation.md, "What stays open"). At guard it is also what a freed socket sends. A socket that
# may not set IP_MULTICAST_IF sends by table main.
left='multicast, IP_MULTICAST_IF|multicast, IP_PKTINFO|broadcast, IP_PKTINFO|loop copy in another VRF, IP_PKTINFO|broadcast of the subnet, freed and connected|report: a system call of i386'
freed='broadcast of the subnet, connect\(AF_UNSPEC\) first|broadcast, connect\(AF_UNSPEC\) first|broadcast, freed and connected'
freed="$freed"'|loop copy in another VRF, connect\(AF_UNSPEC\) first|loop copy, (freed and bound again|freed and connected|IPv4-mapped|IPv4-mapped and connected)|multicast, IP_MULTICAST_IF after connect\(AF_UNSPEC\)'
# None of the ways in /tmp/out.COLUMN, but for those whose names match REGEX
none() {
    while read -r way; do
        grep "^$way " /tmp/ways
    done <"/tmp/out.$1" | grep -vE "	($2)\$" >/tmp/others
    [ -s /tmp/others ] || return 0
    fail "$1: $(wc -l </tmp/others) ways out"
    shown </tmp/others
}

case_ without_a_vrf_they_reach_the_wire
got_out plain-root root env
got_out plain-nobody nobody env
[ "$(wc -l </tmp/out.plain-root)" -ge 40 ] || fail 'fewer than 40 ways work at all as root'
[ "$(wc -l </tmp/out.plain-nobody)" -ge 30 ] || fail 'fewer than 30 ways work at all as nobody'

case_ ip_vrf_exec_leaves_some_open
got_out ip-nobody nobody ip vrf exec mgmt
got_out ip-root root ip vrf exec mgmt
[ "$(wc -l </tmp/out.ip-nobody)" -ge 8 ] || fail 'ip vrf exec: the ways that are known to be open were not found open'
[ "$(wc -l </tmp/out.ip-root)" -ge 16 ] || fail 'ip vrf exec: the ways that are known to be open to root were not found open'

case_ bind_is_no_worse
got_out bind-nobody nobody /vrf-launch --isolation bind mgmt --
got_out bind-root root /vrf-launch --isolation bind mgmt --
# What nobody can do root can: a way may be missed on a busy machine, and is found by the other then.
sort -u /tmp/out.ip-nobody /tmp/out.ip-root >/tmp/open
for user in nobody root; do
    expect "$user" sh -c "! grep -vxFf /tmp/open /tmp/out.bind-$user"
done

case_ the_seccomp_backend_closes_what_it_can
got_out seccomp-nobody nobody /vrf-launch --bind seccomp mgmt --
got_out seccomp-root root /vrf-launch --bind seccomp mgmt --
for user in nobody root; do
    expect "$user" sh -c "! grep -vxFf /tmp/open /tmp/out.seccomp-$user"
done
grep -E 'MPTCP|AF_SMC|AF_RDS|io_uring|inherited' /tmp/ways | sed 's/ .*//' >/tmp/closed
expect 'there are some' test -s /tmp/closed
expect 'sockets that the kernel or a ring makes, and what was inherited' sh -c '! cat /tmp/out.seccomp-* | grep -xFf /tmp/closed'

case_ nobody_gets_out_at_guard
got_out guard-nobody nobody /vrf-launch --isolation guard mgmt --
none guard-nobody "$left|$freed"
got_out guard-root root /vrf-launch --isolation guard mgmt --

case_ nobody_gets_out_at_strict
got_out strict-nobody nobody /vrf-launch --isolation strict mgmt --
none strict-nobody "$left"

case_ nor_does_root_at_strict
got_out strict-root root /vrf-launch --isolation strict mgmt --
none strict-root "$left"

# listeners WRAPPER...: one of each kind
kinds='udp tcp mptcp freed-udp freed-tcp group freed-group'
listeners() {
    port=7000
    for kind in $kinds; do
        port=$((port + 1))
        background "$@" escape listen "$kind" $port
        eval "heard_$port=$log"
    done
    sleep 1
}
# reaches NS IF: the kinds that a host reaches there, by each of our addresses
reaches() {
    port=7000 asked=''
    for kind in $kinds; do
        port=$((port + 1))
        for address in $addresses; do
            case $address in
            fe80*) [ "$1-$address" = "net-$OWN6" ] || [ "$1-$address" = "lan-$own_lan" ] || continue ;;
            esac
            case $kind in
            *udp | *group) type=UDP ;;
            *) type=TCP ;;
            esac
            case $address in
            fe80*) to=${type}6:[$address%$2]:$port ;;
            *:*) to=${type}6:[$address]:$port ;;
            *) to=${type}4:$address:$port ;;
            esac
            [ $type = UDP ] || to=$to,connect-timeout=2
            { [ "$(echo question | on "$1" /usr/bin/socat -t 2 - "$to" 2>/dev/null)" = inside ] && echo "$kind"; } &
            asked="$asked $!"
        done
    done >/tmp/reached
    # shellcheck disable=SC2086 # numbers
    wait $asked
    sort /tmp/reached | uniq -c | tr '\n' ' '
}
own_lan=$(ip -6 -j addr show dev eth0 | jq -r '.[].addr_info[] | select(.scope == "link") | .local')
addresses="10.20.30.40 203.0.113.40 fd20::40 2001:db8::40 $own_lan $OWN6"
on net ip route add 10.20.30.0/24 via 203.0.113.40
on net ip -6 route add fd20::/64 via 2001:db8::40

case_ listeners_of_level_bind_can_be_reached_from_elsewhere
listeners /vrf-launch --isolation bind mgmt --
got=$(reaches net eth1)
echo "# from net at bind: $got"
case $(uname -r) in
5.10.*) ;; # Debian's has no MPTCP
*) match 'MPTCP, which is not bound' "$got" ' mptcp' ;;
esac
match 'UDP, freed' "$got" ' freed-udp'

case_ listeners_of_level_guard_are_for_the_members_alone
listeners /vrf-launch mgmt --
got=$(reaches lan eth0)
echo "# from lan at guard: $got"
# Each by three addresses: of both families, and link-local.
for kind in tcp mptcp; do
    match "$kind from the member's side" "$got" "3 $kind( |\$)"
done
# Datagrams to the link-local address are heard; an answer would need the scope, which the kernel gives as that of the VRF
# (so it is at bind, too).
match "UDP from the member's side" "$got" '[23] udp( |$)'
# shellcheck disable=SC2154 # made by listeners
equal 'all three are heard' "$(grep -c heard "$heard_7001")" 3
before=$(cat "$heard_7001" "$heard_7004" "$heard_7006" "$heard_7007" | wc -l)
equal 'nobody from elsewhere' "$(reaches net eth1)" ''
equal 'nor is anything heard from there' "$(cat "$heard_7001" "$heard_7004" "$heard_7006" "$heard_7007" | wc -l)" "$before"
cat "$heard_7001" "$heard_7004" "$heard_7006" "$heard_7007" >/tmp/heard
for group in 239.1.2.4 '[ff02::76:6c%eth1]'; do
    for port in 7006 7007; do
        echo question | on net /usr/bin/socat - "UDP-SENDTO:$group:$port" 2>/tmp/said
    done
done
sleep 1
# shellcheck disable=SC2154 # made by listeners
expect 'nor by multicast' sh -c "cat $heard_7001 $heard_7004 $heard_7006 $heard_7007 | cmp -s - /tmp/heard"
: >"$heard_7006"
echo question | on lan /usr/bin/socat - 'UDP-SENDTO:[ff02::76:6c%eth0]:7006' 2>/tmp/said
soon grep -q heard "$heard_7006" || fail "multicast of the member's side is not heard"

case_ the_table_is_complete
columns='ip-nobody ip-root seccomp-nobody seccomp-root bind-nobody bind-root guard-nobody guard-root strict-nobody strict-root'
awk -v columns="$columns" '
    function read_column(name) { while ((getline way <("/tmp/out." name)) > 0) out[name, way] }
    BEGIN {
        count = split(columns, names)
        for (n = 1; n <= count; n++) read_column(names[n])
        read_column("plain-root")
        read_column("plain-nobody")
    }
    {
        way = $1
        sub(/^[^ ]* [^\t]*\t/, "")
        row = "# | " $0 " |"
        for (n = 1; n <= count; n++) {
            control = "plain-" substr(names[n], index(names[n], "-") + 1)
            row = row (((names[n], way) in out) ? " **out** |" : ((control, way) in out) ? " – |" : " n/a |")
        }
        print row
    }
' /tmp/ways
# shellcheck disable=SC2086 # words
equal 'columns' "$(find /tmp -name 'out.*' | wc -l)" "$(echo plain-root plain-nobody $columns | wc -w)"
