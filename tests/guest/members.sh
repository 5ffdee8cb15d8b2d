#!/bin/sh
# Members come and go while a service runs in the VRF: it is reached by the new one without a restart, and neither
# reached by one that left nor able to send through it.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main, mgmt, main) ── net  203.0.113.1 2001:db8::1
# kernels: once alpine-6.18
# modules: vrf
# timeout: 90
level=guard
lan_and_net
sed '/2001:db8::40/a\    vrf mgmt' /tmp/conf >/tmp/two
/vrf-launch -c /tmp/conf up || fail 'up'

# The service: a server of each kind, a stream of pings by eth0, and a sender that names eth1 itself, by IP_PKTINFO.
for proto in tcp4 tcp6 udp4 udp6; do
    serve $proto 7000 inside /vrf-launch --isolation $level mgmt --
done
eth1=$(cat /sys/class/net/eth1/ifindex)
background /vrf-launch --isolation $level mgmt -- /usr/bin/members "$eth1"
background /vrf-launch --isolation $level mgmt -- /usr/bin/ping -n -i 0.05 10.20.30.1
out_=$log out_pid=$pid
background ip netns exec lan /usr/bin/ping -n -i 0.05 10.20.30.40
in_=$log in_pid=$pid
service=$pids pids=''

# reached WANTED: what is answered at the addresses of eth1 to its neighbour
reached() {
    for proto in tcp udp; do
        if [ -n "$1" ]; then
            equal "$proto over IPv4" "$(ask ${proto}4 203.0.113.40 7000 ip netns exec net 2>/tmp/said)" "$1"
            equal "$proto over IPv6" "$(ask ${proto}6 2001:db8::40 7000 ip netns exec net 2>/tmp/said)" "$1"
        else
            silent "$proto over IPv4" ask ${proto}4 203.0.113.40 7000 ip netns exec net
            silent "$proto over IPv6" ask ${proto}6 2001:db8::40 7000 ip netns exec net
        fi
    done
    silence
}

# heard: what came to port 9 of the other host in one second
heard() {
    on net timeout 1 tcpdump -Z root -l -n -i eth1 udp dst port 9 2>/tmp/said
}

serves_the_lan() {
    for proto in tcp udp; do
        equal "$proto over IPv4 by eth0" "$(ask ${proto}4 10.20.30.40 7000 ip netns exec lan 2>/tmp/said)" inside
        equal "$proto over IPv6 by eth0" "$(ask ${proto}6 fd20::40 7000 ip netns exec lan 2>/tmp/said)" inside
    done
}

sleep 1

case_ before_it_is_a_member
serves_the_lan
reached ''
[ $level = bind ] || equal 'nothing is sent there' "$(heard)" ''

case_ it_becomes_one
expect 'up' /vrf-launch -c /tmp/two up
equal 'its master' "$(basename "$(readlink /sys/class/net/eth1/master)")" mgmt
reached inside
serves_the_lan
match 'by IP_PKTINFO' "$(heard)" '> 203\.0\.113\.1\.9'
match 'by IPV6_PKTINFO' "$(heard)" '> 2001:db8::1\.9'

case_ it_is_one_no_more
expect 'down' /vrf-launch -c /tmp/two down eth1
equal 'its master' "$(readlink /sys/class/net/eth1/master)" ''
expect 'the VRF is there' ip link show mgmt
expect 'up, of no VRF' /vrf-launch -c /tmp/conf up
reached ''
[ $level = bind ] || equal 'nothing is sent there' "$(heard)" ''
serves_the_lan

case_ nothing_was_lost_meanwhile
kill -INT "$out_pid" "$in_pid"
sleep 0.5
match 'from inside' "$(grep received "$out_")" ' 0% packet loss'
match 'from the LAN' "$(grep received "$in_")" ' 0% packet loss'
match 'and it ran throughout' "$(grep received "$in_")" '^[1-9][0-9][0-9]+ packets'
pids=$service
