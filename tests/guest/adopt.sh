#!/bin/sh
# vrf-launch adopt VRF PID: daemons that run outside of any VRF move into one and back, with their children and sockets.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1
# modules: vrf
# kernels: all
# programs: nginx
# timeout: 240
lan_and_net gateway
/vrf-launch -c /tmp/conf up || fail 'up'
echo 'www-data:x:33:33::/var/www:/bin/false' >>/etc/passwd
echo 'www-data:x:33:' >>/etc/group
mkdir -p /tmp/keys /var/lib/nginx /var/log/nginx /tmp/www
chmod 700 /root /tmp/keys
ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/host
ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/client
printf '%s\n' 'HostKey /tmp/keys/host' 'AuthorizedKeysFile /tmp/keys/client.pub' 'StrictModes no' 'PermitRootLogin yes' \
    'PidFile none' 'KexAlgorithms curve25519-sha256' >/tmp/sshd_config # the usual one takes two seconds of emulation

# from HOST PROTO PORT: what is answered there, over IPv4 and IPv6
from() {
    case $1 in
    lan) four=10.20.30.40 six=fd20::40 ;;
    net) four=203.0.113.40 six=2001:db8::40 ;;
    esac
    ask "${2}6" "$six" "$3" ip netns exec "$1" >/tmp/six 2>/tmp/err &
    six_=$!
    four=$(ask "${2}4" "$four" "$3" ip netns exec "$1" 2>/tmp/said)
    wait "$six_"
    echo "$four $(cat /tmp/six)"
}
session() {
    host=$1 to=$2
    rm -f "/tmp/say.$host"
    mkfifo "/tmp/say.$host"
    # shellcheck disable=SC2016 # it is for the shell there
    background sh -c 'exec ip netns exec '"$host"' ssh -F none -i /tmp/keys/client -o BatchMode=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@'"$to"' '\''echo one; read -r more; echo "$more"'\'' </tmp/say.'"$host"
    eval "said_$host=$log"
}

case_ a_datagram_server_moves_and_comes_back
serve udp4 7000 inside4 env
four_=$pid
serve udp6 7000 inside6 env
six_=$pid
equal 'reached from net' "$(from net udp 7000)" 'inside4 inside6'
equal 'not from the lan' "$(from lan udp 7000)" ' '
run /vrf-launch -n adopt mgmt "$four_"
match 'what would move' "$out" "^process $four_ \(socat\), descriptor [0-9]+: udp 0\.0\.0\.0:7000$"
equal 'and nothing else' "$(echo "$out" | wc -l)$err" 1
equal 'nor has it' "$(from net udp 7000)" 'inside4 inside6'
for process in "$four_" "$six_"; do
    run /vrf-launch adopt mgmt "$process"
    equal 'exit code' "$status$out" 0
    match 'it is told' "$err" "^vrf-launch: mgmt: adopted process $process, 1 sockets; these are at level bind, new ones at guard"
    equal 'identify' "$(/vrf-launch identify "$process")" mgmt
done
equal 'reached from the lan' "$(from lan udp 7000)" 'inside4 inside6'
equal 'not from net' "$(from net udp 7000)" ' '
run /vrf-launch adopt mgmt "$four_"
match 'a second time, nothing is left to move' "$status$err" '^0.*, 0 sockets'
for process in "$four_" "$six_"; do
    run /vrf-launch -q adopt default "$process"
    equal 'back, quietly' "$status$out$err" 0
    equal 'identify' "$(/vrf-launch identify "$process")" ''
done
equal 'reached from net again' "$(from net udp 7000)" 'inside4 inside6'
equal 'not from the lan again' "$(from lan udp 7000)" ' '

case_ nginx_with_workers
echo page >/tmp/www/index.html
cat >/tmp/nginx.conf <<'END'
user www-data;
worker_processes 2;
daemon off;
error_log stderr;
pid /tmp/nginx.pid;
events {}
http {
    access_log off;
    server {
        listen 80;
        listen [::]:80;
        root /tmp/www;
    }
}
END
background /usr/sbin/nginx -c /tmp/nginx.conf
soon grep -ql '^Uid:.33' /proc/[0-9]*/status
page() {
    for address in $2; do
        printf 'GET / HTTP/1.0\r\n\r\n' | on "$1" socat -t 10 - "TCP:$address:80,connect-timeout=3,shut-none" 2>/tmp/said | tail -n 1
    done
}
workers() { grep -l '^Uid:.33' /proc/[0-9]*/status 2>/tmp/said | cut -d / -f 3 | sort | tr '\n' ' '; }
before=$(workers)
equal 'reached from net' "$(page net '203.0.113.40 [2001:db8::40]')" "page
page"
run /vrf-launch adopt mgmt "$pid"
match 'each socket once' "$status$err" '^0.*, 2 descendants, 2 sockets'
equal 'reached from the lan' "$(page lan '10.20.30.40 [fd20::40]')" "page
page"
equal 'not from net' "$(page net '203.0.113.40 [2001:db8::40]')" ''
equal 'nobody was restarted' "$(workers)" "$before"
for worker in $before; do
    equal 'a worker is there' "$(ip vrf identify "$worker")" mgmt
done
expect 'back' /vrf-launch adopt default "$pid"
equal 'reached from net again' "$(page net '203.0.113.40 [2001:db8::40]')" "page
page"

case_ openssh_with_sessions
sysctl -qw net.ipv4.tcp_l3mdev_accept=1
background /usr/sbin/sshd -D -e -f /tmp/sshd_config
server=$pid
soon listens_ tcp4 22 "$server" || fail 'no sshd'
session lan 10.20.30.40
session net 203.0.113.40
exec 5>/tmp/say.lan 6>/tmp/say.net
# shellcheck disable=SC2154 # made by session
for said in "$said_lan" "$said_net"; do
    soon grep -q one "$said" || fail "no session: $(cat "$said")"
done
run /vrf-launch adopt mgmt "$server"
match 'connections are told of' "$status$err" '^0.*; [0-9]+ connections end unless'
sysctl -qw net.ipv4.tcp_l3mdev_accept=0
echo two >&5
echo two >&6
exec 5>&- 6>&-
soon grep -q two "$said_lan" || fail 'the session by a member has ended'
sleep 1
# shellcheck disable=SC2154 # made by session
refuse 'the other one goes on' grep -q two "$said_net"
login() {
    on "$1" ssh -F none -i /tmp/keys/client -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR -o ConnectTimeout=3 root@"$2" 'echo hello; ip vrf identify $$'
}
equal 'a login from the lan' "$(login lan 10.20.30.40 2>/tmp/said)" 'hello
mgmt'
equal 'and by IPv6' "$(login lan fd20::40 2>/tmp/said)" 'hello
mgmt'
equal 'none from net' "$(login net 203.0.113.40 2>/tmp/said)" ''

case_ what_cannot_move_is_named_and_nothing_is_done
background tcpdump -Z root -U -i eth1 -w /tmp/pcap
capture=$pid
soon test -s /tmp/pcap
run /vrf-launch adopt mgmt "$capture"
equal 'exit code' "$status$out" 111
match 'it is named' "$err" "cannot adopt into VRF mgmt: process $capture \(tcpdump\), descriptor [0-9]+: a socket of family 17"
match 'and why' "$err" 'nothing was changed'
equal 'it is where it was' "$(/vrf-launch identify "$capture")" ''
background sleep 100
run /vrf-launch --isolation strict adopt mgmt "$pid"
equal 'strict' "$status" 111
match 'cannot be had' "$err" 'strict takes privileges away'
background ip netns exec net sleep 100
sleep 0.3
run /vrf-launch adopt mgmt "$pid"
equal 'another network' "$status" 100
match 'is named' "$err" 'in another network namespace'
run /vrf-launch adopt mgmt 999999
match 'nobody' "$status$err" '^111.*ESRCH'
run /vrf-launch adopt mgmt
equal 'no process' "$status" 100
run /vrf-launch adopt mgmt sshd
match 'a name' "$status$err" '^100.*"sshd": not the number'
run /vrf-launch adopt nothing $$
match 'no such VRF' "$status$err" '^100.*there is no such VRF'
run setpriv --reuid 65534 --regid 65534 --clear-groups /busybox/sh -c 'cp /vrf-launch /tmp/mine; /tmp/mine adopt mgmt 1'
refuse 'nor may nobody' test "$status" = 0

case_ who_forks_all_the_time_is_moved_whole
background sh -c 'while :; do sh -c "sleep 0.2; sleep 0.2" & sleep 0.05; done'
sleep 1
expect 'adopt' /vrf-launch adopt mgmt "$pid"
sleep 0.5
outside=$(for process in /proc/[0-9]*; do
    grep -qz '^sleep$' "$process/cmdline" 2>/tmp/said && grep -L '/vrf/mgmt$' "$process/cgroup"
done 2>/tmp/said)
equal 'all are there' "$outside" ''

case_ guard_is_not_pretended_for_sockets_that_exist
serve tcp4 7050 outside env
for level in guard strict; do
    run /vrf-launch --isolation $level adopt mgmt "$pid"
    equal "$level is refused" "$status$out" 111
    equal "$level: nothing was changed" "$(/vrf-launch identify "$pid")$(ask tcp4 203.0.113.40 7050 ip netns exec net)" outside
done
run /vrf-launch --isolation guard adopt mgmt "$pid"
match 'the socket is named' "$err" "process $pid \(socat\), descriptor [0-9]+: tcp 0\.0\.0\.0:7050 listens: its packets cannot be filtered"
match 'and what to do' "$(echo "$err" | sed -n 2p)" '^vrf-launch: --isolation bind'
sed 's/vrf-table 10/vrf-table 10\n    vrf-isolation guard/' /tmp/conf >/tmp/conf.guard
run /vrf-launch -c /tmp/conf.guard adopt mgmt "$pid"
equal 'nor where the configuration asks for guard' "$status$out" 111
expect 'bind can be had' /vrf-launch --isolation bind adopt mgmt "$pid"
background sleep 100
soon grep -q sleep "/proc/$pid/comm"
run /vrf-launch --isolation guard adopt mgmt "$pid"
match 'guard, without sockets' "$status$err" '^0.*, 0 sockets; guard without the seccomp filter'

case_ the_levels_are_what_it_says
# A datagram that names another interface leaves by a socket that was made outside, and by none that is made from then on.
background ip netns exec net /usr/bin/socat -u UDP4-RECV:7060 OPEN:/tmp/heard,creat,append
soon listens_ udp4 7060 "$pid" || fail 'nobody listens'
rm -f /tmp/go
mkfifo /tmp/go
background sh -c 'exec adopt leave 203.0.113.1 7060 eth1 </tmp/go'
exec 7>/tmp/go
soon grep -q ready "$log" || fail 'it does not run'
leaves=$log
expect 'adopt' /vrf-launch adopt mgmt "$pid"
echo >&7
exec 7>&-
soon grep -q 'done' "$leaves"
sleep 0.5
equal 'the socket that there was, and the new one' "$(sed '/ready/d; /done/d' "$leaves")" 'existing: sent
new: Operation not permitted'
equal 'on the wire' "$(cat /tmp/heard)" existing

case_ sockets_of_threads_and_in_queues_are_found_or_named
background adopt thread 7070
soon grep -q ready "$log" || fail 'no thread'
run /vrf-launch adopt mgmt "$pid"
case $(uname -r) in
5.* | 6.[0-8].*)
    equal 'a thread has it alone' "$status$out" 111
    match 'it is named' "$err" 'process [0-9]+ \(adopt\), descriptor [0-9]+: a socket that only one of its threads has'
    equal 'nothing was changed' "$(/vrf-launch identify "$pid")" ''
    ;;
*)
    match 'a thread has it alone' "$status$err" '^0.*, 1 sockets'
    expect 'it is bound' soon sh -c 'ss -Hlun "sport = 7070" | grep -q "%mgmt:7070"'
    ;;
esac
background adopt queue 7071
soon grep -q ready "$log" || fail 'no queue'
for level in bind guard; do
    run /vrf-launch --isolation $level adopt mgmt "$pid"
    equal "$level: one waits in a queue" "$status$out" 111
    match 'it is named' "$err" 'process [0-9]+ \(adopt\), descriptor [0-9]+: a Unix socket, in whose queue 1 descriptors wait'
done
equal 'nothing was changed' "$(/vrf-launch identify "$pid")" ''

case_ connections_that_wait_are_said
background adopt backlog 7080
backlog=$pid
soon grep -q ready "$log" || fail 'no listener'
background ip netns exec net /usr/bin/socat -u TCP4:203.0.113.40:7080 -
soon sh -c 'ss -Hltn "sport = 7080" | grep -q "^LISTEN 1 "' || fail 'nobody waits'
run /vrf-launch adopt mgmt "$backlog"
match 'how many' "$status$err" '^0.*; 1 connections that wait to be accepted stay as they are'

case_ bind_is_a_level_too
serve tcp4 7100 inside env
run /vrf-launch --isolation bind adopt mgmt "$pid"
match 'nothing is left out' "$status$err" '^0.*, 1 sockets$'
equal 'from the lan' "$(ask tcp4 10.20.30.40 7100 ip netns exec lan)" inside

case_ a_vrf_made_anew_gets_its_sockets_back
serve tcp4 7200 anew /vrf-launch mgmt --
serve udp4 7200 anew /vrf-launch mgmt --
equal 'from the lan' "$(ask tcp4 10.20.30.40 7200 ip netns exec lan) $(ask udp4 10.20.30.40 7200 ip netns exec lan)" 'anew anew'
ip link del mgmt
/vrf-launch -c /tmp/conf up
equal 'again' "$(ask tcp4 10.20.30.40 7200 ip netns exec lan) $(ask udp4 10.20.30.40 7200 ip netns exec lan)" 'anew anew'
