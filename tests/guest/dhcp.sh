#!/bin/sh
# Addresses that others give. `inet dhcp` in a VRF: busybox's udhcpc is started there, and its lease goes into the VRF's table, without iproute2.
# The server is busybox's udhcpd on a far host. `inet6 auto`: a router's advertisements, there dnsmasq's.
#
#   lan  10.20.30.1, udhcpd ── eth0 (mgmt)
# kernels: debian-6.1
# modules: vrf
# programs: dnsmasq
# timeout: 180
mkdir -p /etc/network /var/lib/misc
cat >/tmp/conf <<'EOF2'
auto mgmt
iface mgmt
    vrf-table 10

auto eth0
iface eth0 inet dhcp
    vrf mgmt
    address fd20::40/64
    hostname box
    dhcp-opts -t 2 -T 1 -A 1
EOF2
far lan eth0 10.20.30.1/24 10.20.30.2/24 10.77.0.1/32 fd20::1/64
touch /tmp/leases /etc/resolv.conf

# server LINE...: starts it anew with further lines of its configuration
server_pid=
server() {
    [ -z "$server_pid" ] || kill "$server_pid"
    {
        printf '%s\n' 'interface eth0' 'start 10.20.30.100' 'end 10.20.30.100' 'option subnet 255.255.255.0' \
            'lease_file /tmp/leases' 'pidfile /tmp/udhcpd.pid' 'min_lease 10' 'option dns 10.20.30.1 10.77.0.1'
        printf '%s\n' "$@"
    } >/tmp/udhcpd.conf
    # It asks for two seconds, by itself, whether an address is used already, which is as long as the client waits for an offer.
    setsid ip netns exec lan udhcpd -f -a 200 /tmp/udhcpd.conf >/tmp/udhcpd.log 2>&1 </dev/null &
    server_pid=$!
    soon grep -q started /tmp/udhcpd.log || fail 'no server'
}

# addresses: those of eth0, IPv4; routes TABLE: what a table has beside the connected networks
addresses() { ip -4 -j addr show eth0 | jq -r '.[0].addr_info[] | "\(.local)/\(.prefixlen)"' | xargs; }
routes() { ip -4 -j route show table "$1" | jq -r '.[] | select(.protocol != "kernel" and .type == null) |
    "\(.dst) \(.gateway // "-") \(.dev) \(.metric // 0)"' | sort | xargs; }
# client: the processes that look after eth0
client() { for comm in /proc/[0-9]*/comm; do grep -qx udhcpc "$comm" && basename "${comm%/comm}"; done; }
leased() { [ "$(addresses)" = 10.20.30.100/24 ]; }
free() { [ -z "$(addresses)" ]; }

case_ a_lease_goes_into_the_vrf
server 'option router 10.20.30.1' 'option domain lan.example' 'option lease 16'
background ip netns exec lan tcpdump -Z root -l -v -n -i eth0 udp port 67
ear=$log
soon grep -q 'listening on' "$ear" || fail 'tcpdump does not listen'
run /vrf-launch -c /tmp/conf up
equal 'up succeeds' "$status$out$err" 0
equal 'the address' "$(addresses)" 10.20.30.100/24
equal 'the default route, in the table' "$(routes 10)" 'default 10.20.30.1 eth0 0'
equal 'and not in main' "$(routes main)" ''
equal 'static addresses stay' "$(ip -6 addr show eth0 | grep -c fd20::40/64)" 1
equal 'name servers' "$(cat /etc/resolv.mgmt)" 'search lan.example
nameserver 10.20.30.1
nameserver 10.77.0.1'
equal 'the client is in the VRF' "$(ip vrf identify "$(client)")" mgmt
equal 'what is reached by the route' "$(/vrf-launch mgmt -- ping -c 1 -W 2 10.77.0.1 | grep -c '1 received\|1 packets received')" 1
expect 'the name was sent' grep -q 'Hostname.*box' "$ear"
# shellcheck disable=SC2016 # for the inner shell
equal 'a service finds them' "$(/vrf-launch --resolv-conf /etc/resolv.mgmt mgmt -- head -n 1 /etc/resolv.conf)" 'search lan.example'
pid=$(client)
state >/tmp/first
run /vrf-launch -c /tmp/conf up
equal 'up again' "$status$out$err" 0
equal 'the same client' "$(client)" "$pid"
same_state 'and the same state' /tmp/first

case_ it_is_renewed_at_guard
background ip netns exec lan tcpdump -Z root -l -v -n -i eth0 udp port 67
ear=$log
soon grep -q 'listening on' "$ear" || fail 'tcpdump does not listen'
renewed() { grep -q '10.20.30.1.67 > 10.20.30.100.68' "$ear"; }
soon renewed || soon renewed || soon renewed || fail 'the server has not answered to the address that it gave'
expect 'the client asked from it' grep -q '10.20.30.100.68 > 10.20.30.1.67' "$ear"
same_state 'nothing has changed' /tmp/first

case_ a_renewal_brings_what_is_new
server 'option router 10.20.30.2 10.20.30.1' 'option lease 600'
kill -USR1 "$(client)"
other() { [ "$(routes 10)" = 'default 10.20.30.1 eth0 1 default 10.20.30.2 eth0 0' ]; }
soon other || fail "two routers: $(routes 10)"
server 'option router 10.20.30.2' 'option staticroutes 10.77.0.0/16 10.20.30.1, 192.0.2.0/24 0.0.0.0, 0.0.0.0/0 10.20.30.1' 'option lease 600'
kill -USR1 "$(client)"
classless() { [ "$(routes 10)" = '10.77.0.0/16 10.20.30.1 eth0 0 192.0.2.0/24 - eth0 0 default 10.20.30.1 eth0 0' ]; }
soon classless || fail "classless routes: $(routes 10)"
equal 'the address stays' "$(addresses)" 10.20.30.100/24
equal 'no domain any more' "$(head -n 1 /etc/resolv.mgmt)" 'nameserver 10.20.30.1'

case_ a_new_vrf_of_that_name
pid=$(client)
ip link del mgmt
run /vrf-launch -c /tmp/conf up
equal 'up succeeds' "$status$out$err" 0
equal 'the same client' "$(client)" "$pid"
equal 'in the new VRF' "$(ip -j link show eth0 | jq -r '.[0].master')" mgmt
soon classless || fail "its routes: $(routes 10)"

case_ down_ends_it
background ip netns exec lan tcpdump -Z root -l -v -n -i eth0 udp port 67
ear=$log
soon grep -q 'listening on' "$ear" || fail 'tcpdump does not listen'
run /vrf-launch -c /tmp/conf down eth0
equal 'down succeeds' "$status$out$err" 0
equal 'no client' "$(client)" ''
equal 'no address' "$(addresses)" ''
equal 'no route' "$(routes 10)" ''
refuse 'no name servers' test -e /etc/resolv.mgmt
soon grep -q 'DHCP-Message.*Release' "$ear" || { fail 'the server was not told'; shown <"$ear"; }

case_ what_a_killed_one_leaves_is_taken_away
run /vrf-launch -c /tmp/conf up
equal 'up succeeds' "$status$out$err" 0
equal 'the address' "$(addresses)" 10.20.30.100/24
kill -9 "$(client)"
run /vrf-launch -c /tmp/conf up
equal 'up starts another' "$status$out$err$(client | wc -l)" 01
kill -9 "$(client)"
run /vrf-launch -c /tmp/conf down
equal 'down succeeds' "$status$out$err" 0
equal 'no address' "$(addresses)" ''
refuse 'no name servers' test -e /etc/resolv.mgmt
refuse 'no VRF' ip link show mgmt

case_ another_vrf_another_client
expect 'up' /vrf-launch -c /tmp/conf up
pid=$(client)
sed 's/mgmt/blue/; s/vrf-table 10/vrf-table 11/' /tmp/conf >/tmp/conf.blue
run /vrf-launch -c /tmp/conf.blue up
equal 'up succeeds' "$status$out$err" 0
equal 'one client, in the new one' "$(client | wc -l)$(ip vrf identify "$(client)")" 1blue
equal 'its routes' "$(routes 10)/$(routes 11)" '/10.77.0.0/16 10.20.30.1 eth0 0 192.0.2.0/24 - eth0 0 default 10.20.30.1 eth0 0'
expect 'down' /vrf-launch -c /tmp/conf.blue down
expect 'down of the other' /vrf-launch -c /tmp/conf down
equal 'no client' "$(client)" ''

case_ a_vrf_that_is_kept_strict
sed 's/vrf-table 10/&\n    vrf-isolation strict/' /tmp/conf >/tmp/conf.strict
run /vrf-launch -c /tmp/conf.strict up
equal 'up succeeds' "$status$out$err" 0
equal 'the address' "$(addresses)" 10.20.30.100/24
expect 'down' /vrf-launch -c /tmp/conf.strict down

case_ no_server_yet
kill "$server_pid"
server_pid=
run /vrf-launch -c /tmp/conf up
equal 'up succeeds' "$status" 0
equal 'and says so' "$err" 'vrf-launch: eth0: no DHCP server has answered yet; udhcpc goes on asking'
server 'option router 10.20.30.1'
soon leased || soon leased || fail 'it does not go on'
expect 'down' /vrf-launch -c /tmp/conf down
free || fail 'the address is still there'

case_ outside_of_vrfs
cat >/tmp/conf.out <<'EOF2'
auto eth0
iface eth0
    use dhcp
    metric 20
EOF2
rm -f /etc/resolv.conf
run /vrf-launch -c /tmp/conf.out up
equal 'up succeeds' "$status$out$err" 0
equal 'the address' "$(addresses)" 10.20.30.100/24
equal 'the default route, in main' "$(routes main)" 'default 10.20.30.1 eth0 20'
equal 'name servers' "$(head -n 1 /etc/resolv.conf)" 'nameserver 10.20.30.1'
equal 'in no VRF' "$(ip vrf identify "$(client)")" ''
run /vrf-launch -c /tmp/conf.out plan
match 'plan' "$out" '^udhcpc -i eth0'
run /vrf-launch -c /tmp/conf.out down --exact
equal 'down --exact succeeds' "$status$out$err" 0
equal 'no client' "$(client)$(addresses)" ''

case_ somebody_elses_client
background sleep 100
echo "$pid" >/run/udhcpc.eth0.pid
run /vrf-launch -c /tmp/conf.out up
equal 'is left to it' "$status$out$err$(client)" 0
rm /run/udhcpc.eth0.pid
expect 'down' /vrf-launch -c /tmp/conf.out down

case_ advertisements_of_a_router_lead_into_the_vrf
sysctl -qw net.ipv6.conf.all.forwarding=1
cat >/tmp/conf.auto <<'EOF2'
auto mgmt
iface mgmt
    vrf-table 10
auto eth0
iface eth0 inet6 auto
    vrf mgmt
    privext 0
EOF2
# Who is asked for its address and does not say in the answer that it is a router is none any more: its route goes (RFC 4861, 7.2.5).
on lan sysctl -qw net.ipv6.conf.all.forwarding=1
background ip netns exec lan dnsmasq -k --user=root --pid-file=/tmp/ra.pid --leasefile-ro --port=0 --interface=eth0 --enable-ra --ra-param=eth0,4,600 \
    --dhcp-range=fd20::,ra-only,64,600
own() { ip -6 -j addr show eth0 | jq -r '.[0].addr_info[] | select(.scope == "global" and .dynamic) | .local'; }
router() { ip -6 -j route show default table "$1" | jq -r '.[] | "\(.protocol) \(.dev)"'; }
autoconfigured() { [ -n "$(own)" ] && [ "$(router 10)" = 'ra eth0' ]; }
run /vrf-launch -c /tmp/conf.auto up
equal 'up succeeds' "$status$out$err" 0
soon autoconfigured || soon autoconfigured || fail "address <$(own)>, default route <$(router 10)>"
match 'the address' "$(own)" '^fd20:'
equal 'no default route in main' "$(router main)" ''
equal 'and it leads out' "$(/vrf-launch mgmt -- ping -6 -c 1 -W 2 fd20::1 | grep -c '1 received\|1 packets received')" 1
run /vrf-launch -c /tmp/conf.auto up
equal 'up again' "$status$out$err" 0
equal 'the same address and route' "$(own | cut -c 1-5) $(router 10)" 'fd20: ra eth0'
run /vrf-launch -c /tmp/conf.auto down
equal 'down succeeds' "$status$out$err" 0
equal 'the switch is as before' "$(sysctl -n net.ipv6.conf.eth0.accept_ra)" 1
equal 'no address, no route' "$(own)$(router 10)$(router main)" ''
sysctl -qw net.ipv6.conf.all.forwarding=0

case_ without_a_client_that_is_said
run env -i /vrf-launch -c /tmp/conf up
equal 'exit code' "$status" 111
match 'message' "$err" "^vrf-launch: /tmp/conf:5: cannot run ip vrf exec mgmt udhcpc -i eth0 .*: DHCP needs busybox's udhcpc, and there is neither"
expect 'down' /vrf-launch -c /tmp/conf down
[ -z "$server_pid" ] || kill "$server_pid"
