#!/bin/sh
# The layout that works in both directions: eth0 is a member of the VRF mgmt, eth1 leads to the internet outside it.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1, and 8.8.8.8 2001:4860:4860::8888
# processors: all
# modules: vrf
# timeout: 240
for keyword in vrf vrf-member; do
    cat >/tmp/conf-$keyword <<EOF
auto eth0
iface eth0
    address 10.20.30.40/24
    address fd20::40/64
    $keyword mgmt

auto eth1
iface eth1
    address 203.0.113.40/24
    gateway 203.0.113.1
    address 2001:db8::40/64
    gateway 2001:db8::1

auto mgmt
iface mgmt
    vrf-table 10
EOF
done
far lan eth0 10.20.30.1/24 fd20::1/64
far net eth1 203.0.113.1/24 2001:db8::1/64 8.8.8.8/32 2001:4860:4860::8888/128
# Both know the way to everything behind us: what does not arrive was not sent, or was not let in.
on lan ip route add default via 10.20.30.40
on lan ip route add default via fd20::40
on net ip route add 10.20.30.0/24 via 203.0.113.40
on net ip route add fd20::/64 via 2001:db8::40

# What is off the VRF, and the ways to try it.
off_vrf='8.8.8.8 203.0.113.1 2001:4860:4860::8888 2001:db8::1'

# probe KIND ADDRESS [WRAPPER...]: prints what answers on port 7000, or "pong"
probe() {
    kind=$1 address=$2
    shift 2
    case $address in
    *:*) kind=${kind}6 ;;
    *) kind=${kind}4 ;;
    esac
    case $kind in
    ping?) "$@" /usr/bin/ping -q -n -c 1 -W 1 "$address" >/dev/null 2>&1 && echo pong ;;
    *) ask "$kind" "$address" 7000 "$@" 2>/dev/null ;;
    esac
}

# Servers on port 7000 of both far hosts, and an ear in the far host net.
far_servers() {
    for proto in tcp4 tcp6 udp4 udp6; do
        serve $proto 7000 lan ip netns exec lan
    done
    for proto in tcp4 tcp6; do
        serve $proto 7000 net ip netns exec net
    done
    for address in $off_vrf; do # else the answer would not come from the address that was asked
        case $address in
        *:*) serve udp6 "7000,bind=[$address]" net ip netns exec net ;;
        *) serve udp4 "7000,bind=$address" net ip netns exec net ;;
        esac
    done
    background ip netns exec net tcpdump -Z root -l -n -i eth1 ip or ip6
    ear=$log
    soon grep -q 'listening on' "$ear" || fail 'tcpdump does not listen'
    sleep 1
}

# What arrived there and left from there; the neighbours' discovery of each other goes on by itself.
heard() {
    sleep 1
    grep -E ' IP6? ' "$ear" | grep -Ev 'ICMP6, (neighbor|router|multicast|destination unreachable)|HBH ICMP6'
}

case_ it_comes_up_with_either_keyword
run /vrf-launch -c /tmp/conf-vrf up
equal 'up succeeds' "$status$out$err" 0
sleep 1
state >/tmp/by-vrf
equal 'the master' "$(basename "$(readlink /sys/class/net/eth0/master)")" mgmt
run /vrf-launch -c /tmp/conf-vrf-member up
equal 'up with the other keyword succeeds' "$status$out$err" 0
same_state 'and means the same' /tmp/by-vrf
expect 'down' /vrf-launch -c /tmp/conf-vrf down
run /vrf-launch -c /tmp/conf-vrf-member up
equal 'up with the other keyword first succeeds' "$status$out$err" 0
same_state 'and means the same' /tmp/by-vrf

case_ lan_is_reached_from_inside
far_servers
for address in 10.20.30.1 fd20::1; do
    equal "ping $address" "$(probe ping $address /vrf-launch mgmt --)" pong
    equal "TCP $address" "$(probe tcp $address /vrf-launch mgmt --)" lan
    equal "UDP $address" "$(probe udp $address /vrf-launch mgmt --)" lan
done

case_ internet_is_reached_from_outside
far_servers
for address in $off_vrf; do
    equal "ping $address" "$(probe ping "$address")" pong
    equal "TCP $address" "$(probe tcp "$address")" net
    equal "UDP $address" "$(probe udp "$address")" net
done
heard >/tmp/heard
for address in $off_vrf; do
    grep -q "> $address" /tmp/heard || fail "the far host heard nothing for $address"
done

case_ nothing_off_the_vrf_is_reached_from_inside
far_servers
for address in $off_vrf; do
    for kind in ping tcp udp; do
        silent "$kind $address" probe $kind "$address" /vrf-launch mgmt --
    done
done
silence
equal 'the far host hears nothing' "$(heard)" ''

case_ lan_is_not_reached_from_outside
far_servers
for address in 10.20.30.1 fd20::1; do
    for kind in ping tcp udp; do
        silent "$kind $address" probe $kind $address
    done
done

case_ ping_says_network_unreachable
run /vrf-launch mgmt -- /usr/bin/ping -n -c 1 -W 1 8.8.8.8
match 'IPv4' "$out$err" 'Network is unreachable'
run /vrf-launch mgmt -- /usr/bin/ping -n -c 1 -W 1 2001:4860:4860::8888
match 'IPv6' "$out$err" 'Network is unreachable|No route to host'

case_ server_inside_is_for_the_lan_alone
for proto in tcp4 tcp6 udp4 udp6; do
    serve $proto 8000 inside /vrf-launch mgmt --
done
for proto in tcp4 udp4; do
    expect "the $proto socket is bound" sh -c "ss -Hln --${proto%4} 'sport = 8000' | grep -q %mgmt"
    equal "$proto from the LAN" "$(ask $proto 10.20.30.40 8000 ip netns exec lan 2>/tmp/said)" inside
    silent "$proto from the internet" ask $proto 203.0.113.40 8000 ip netns exec net
    silent "$proto from the internet, to the LAN address" ask $proto 10.20.30.40 8000 ip netns exec net
done
for proto in tcp6 udp6; do
    equal "$proto from the LAN" "$(ask $proto fd20::40 8000 ip netns exec lan 2>/tmp/said)" inside
    silent "$proto from the internet" ask $proto 2001:db8::40 8000 ip netns exec net
    silent "$proto from the internet, to the LAN address" ask $proto fd20::40 8000 ip netns exec net
done
run on net /usr/bin/socat -u TCP4:203.0.113.40:8000,connect-timeout=2 -
match 'TCP is refused' "$err" 'refused'
run on net /usr/bin/socat -u 'TCP6:[2001:db8::40]:8000,connect-timeout=2' -
match 'TCP over IPv6 is refused' "$err" 'refused'

case_ server_outside_is_unaffected
for proto in tcp4 tcp6 udp4 udp6; do
    serve $proto 8000 outside
    serve $proto 8000 inside /vrf-launch mgmt --
done
for proto in tcp4 udp4; do
    equal "$proto from the internet" "$(ask $proto 203.0.113.40 8000 ip netns exec net 2>/tmp/said)" outside
    equal "$proto from the LAN" "$(ask $proto 10.20.30.40 8000 ip netns exec lan 2>/tmp/said)" inside
done
for proto in tcp6 udp6; do
    equal "$proto from the internet" "$(ask $proto 2001:db8::40 8000 ip netns exec net 2>/tmp/said)" outside
    equal "$proto from the LAN" "$(ask $proto fd20::40 8000 ip netns exec lan 2>/tmp/said)" inside
done

case_ loopback_inside_is_of_its_own
serve tcp4 9000 inside /vrf-launch mgmt --
serve tcp6 9000 inside /vrf-launch mgmt --
equal '127.0.0.1 from inside' "$(ask tcp4 127.0.0.1 9000 /vrf-launch mgmt -- 2>/tmp/said)" inside
equal '::1 from inside' "$(ask tcp6 ::1 9000 /vrf-launch mgmt -- 2>/tmp/said)" inside
equal 'its own address from inside' "$(ask tcp4 10.20.30.40 9000 /vrf-launch mgmt -- 2>/tmp/said)" inside
silent '127.0.0.1 from outside' ask tcp4 127.0.0.1 9000
silent '::1 from outside' ask tcp6 ::1 9000

case_ duplicate_address_detection_is_waited_for
expect 'down' /vrf-launch -c /tmp/conf-vrf down
sysctl -qw net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=1
run /vrf-launch -c /tmp/conf-vrf up
equal 'up succeeds' "$status$out$err" 0
serve tcp6 7000 lan ip netns exec lan
equal 'IPv6 works soon' "$(soon sh -c "/vrf-launch mgmt -- /usr/bin/socat -t 2 - TCP6:[fd20::1]:7000,bind=[fd20::40] </dev/null 2>/dev/null")" lan
