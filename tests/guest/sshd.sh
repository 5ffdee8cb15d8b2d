#!/bin/sh
# OpenSSH in a VRF: it answers a real client on the management LAN, and nobody else.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1
# kernels: once alpine-6.18
# modules: vrf
# timeout: 180
lan_and_net gateway
on net ip route add 10.20.30.0/24 via 203.0.113.40

mkdir -p /tmp/keys
chmod 700 /tmp/keys
ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/host
ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/client
cat >/tmp/sshd_config <<'EOF'
HostKey /tmp/keys/host
AuthorizedKeysFile /tmp/keys/client.pub
StrictModes no
PermitRootLogin yes
PidFile none
KexAlgorithms curve25519-sha256
EOF

# in_ssh NS ADDRESS COMMAND: what COMMAND prints, run by the sshd there
in_ssh() {
    on "$1" ssh -F none -i /tmp/keys/client -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR -o "ConnectTimeout=${patience:-10}" root@"$2" "$3"
}
listens() {
    soon sh -c "[ \$(ss -Hltn 'sport = 22' | grep -c '$1:22 ') = 2 ]" || {
        fail "sshd does not listen on $1"
        tail -n 5 "$log" | shown
    }
}

case_ it_answers_on_the_management_lan
expect 'up' /vrf-launch -c /tmp/conf up
background /vrf-launch mgmt -- /usr/sbin/sshd -D -e -f /tmp/sshd_config
listens %mgmt
run in_ssh lan 10.20.30.40 'echo hello; ip vrf identify $$'
equal 'over IPv4, and the session is in the VRF' "$out" 'hello
mgmt'
run in_ssh lan fd20::40 'echo hello; ip vrf identify $$'
equal 'over IPv6, and the session is in the VRF' "$out" 'hello
mgmt'

case_ the_session_cannot_leave
background /vrf-launch mgmt -- /usr/sbin/sshd -D -e -f /tmp/sshd_config
listens %mgmt
run in_ssh lan 10.20.30.40 '/usr/bin/ping -n -c 1 -W 1 203.0.113.1'
match 'IPv4' "$out$err" 'unreachable'
run in_ssh lan 10.20.30.40 '/usr/bin/ping -n -c 1 -W 1 2001:db8::1'
match 'IPv6' "$out$err" 'unreachable|No route'

case_ nobody_else_is_answered
background /vrf-launch mgmt -- /usr/sbin/sshd -D -e -f /tmp/sshd_config
listens %mgmt
expect 'the internet reaches this machine' on net /usr/bin/ping -q -c 1 -W 2 203.0.113.40
for address in 203.0.113.40 2001:db8::40; do
    run in_ssh net $address 'echo hello'
    equal "exit code for $address" "$status" 255
    match "$address" "$err" 'Connection refused'
done
patience=2
run in_ssh net 10.20.30.40 'echo hello'
patience=
equal 'exit code for the LAN address' "$status$out" 255
run ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no root@127.0.0.1 'echo hello'
match 'not even this machine, from outside' "$err" 'Connection refused'

case_ one_outside_has_the_same_port
background /vrf-launch mgmt -- /usr/sbin/sshd -D -e -f /tmp/sshd_config
listens %mgmt
background /usr/sbin/sshd -D -e -f /tmp/sshd_config
soon sh -c "[ \$(ss -Hltn 'sport = 22' | wc -l) = 4 ]" || fail 'the second does not listen'
run in_ssh lan 10.20.30.40 'ip vrf identify $$'
equal 'from the LAN' "$status$out" 0mgmt
run in_ssh net 203.0.113.40 'echo outside; ip vrf identify $$'
equal 'from the internet' "$status$out" 0outside
run in_ssh net 2001:db8::40 'echo outside; ip vrf identify $$'
equal 'from the internet over IPv6' "$status$out" 0outside
