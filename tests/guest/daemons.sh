#!/bin/sh
# Unmodified daemons in a VRF: each does its work for the management LAN, and nothing of it is on the other wire.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1
# kernels: once
# modules: vrf
# programs: dropbear nginx dnsmasq chronyd avahi-daemon caddy
# timeout: 240
level=guard
lan_and_net gateway
on net ip route add 10.20.30.0/24 via 203.0.113.40
on net ip route add fd20::/64 via 2001:db8::40
for host in lan:eth0 net:eth1; do
    on ${host%:*} ip route add 224.0.0.0/4 dev ${host#*:}
done
/vrf-launch -c /tmp/conf up || fail 'up'
cat >>/etc/passwd <<'END'
www-data:x:33:33::/var/www:/bin/false
_chrony:x:101:65534::/var/lib/chrony:/bin/false
avahi:x:102:102::/run/avahi-daemon:/bin/false
END
printf '%s\n' www-data:x:33: avahi:x:102: >>/etc/group
mkdir -p /root/.ssh /tmp/keys /etc/dropbear /run/avahi-daemon /run/chrony /var/lib/nginx /var/lib/chrony /var/log/nginx /tmp/www
chmod 700 /root /root/.ssh /tmp/keys
chown _chrony /run/chrony /var/lib/chrony
ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/host
ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/client
cp /tmp/keys/client.pub /root/.ssh/authorized_keys
chmod 600 /root/.ssh/authorized_keys

# inside COMMAND...: in the background, in the VRF
inside() {
    background /vrf-launch --isolation $level mgmt -- "$@"
}

# answers PROTO PORT: $pid has a socket there
answers() {
    soon listens_ "$1" "$2" "$pid" && return 0
    fail "nothing on $1 $2"
    tail -n 5 "$log" | shown
}

# ear: what is on the forbidden wire from now on goes to a file, which `quiet` reads at the end of the case
ear() {
    background ip netns exec net tcpdump -Z root -l -n -i eth1 ip or ip6
    ear=$log
    soon grep -q 'listening on' "$ear" || fail 'tcpdump does not listen'
}

# quiet: nothing but the neighbours' discovery of each other has come to the forbidden wire
quiet() {
    sleep 0.5
    equal 'the other wire is quiet' "$(grep -E ' IP6? ' "$ear" | grep -Ev 'ICMP6, (neighbor|router|multicast)|HBH ICMP6|> ff02::16')" ''
}

# nobody_else PROTO PORT: it is not reached from the other side, by any address of ours
nobody_else() {
    for address in 203.0.113.40 10.20.30.40; do
        silent "$1 from the other side, $address" ask "${1}4" $address "$2" ip netns exec net
    done
    silent "$1 from the other side, IPv6" ask "${1}6" 2001:db8::40 "$2" ip netns exec net
}

# hex: what comes in, in hexadecimal digits
hex() {
    hexdump -v -e '1/1 "%02x"'
}

in_ssh() {
    on lan ssh -F none -i /tmp/keys/client -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR -o ConnectTimeout=10 root@"$1" "$2"
}

# get NS ADDRESS:PORT [PATH]: the page, where it is one
get() {
    printf 'GET %s HTTP/1.0\r\n\r\n' "${3:-/}" | on "$1" socat -t 10 - "TCP:$2,connect-timeout=5,shut-none" 2>/tmp/said | tr -d '\r' |
        awk 'NR == 1 && $2 != 200 { exit } body { print } /^$/ { body = 1 }'
}

case_ openssh_login_and_command
ear
printf '%s\n' 'HostKey /tmp/keys/host' 'AuthorizedKeysFile /tmp/keys/client.pub' 'StrictModes no' 'PermitRootLogin yes' \
    'PidFile none' 'KexAlgorithms curve25519-sha256' >/tmp/sshd_config # the usual one takes two seconds of emulation
inside /usr/sbin/sshd -D -e -f /tmp/sshd_config
answers tcp4 22
for address in 10.20.30.40 fd20::40; do
    # shellcheck disable=SC2016 # it is for the shell there
    run in_ssh $address 'echo hello; ip vrf identify $$'
    equal "by $address" "$out$err" 'hello
mgmt'
done
run in_ssh 10.20.30.40 'ping -c 1 -W 1 203.0.113.1'
quiet
nobody_else tcp 22

case_ dropbear_login_and_command
ear
inside /usr/sbin/dropbear -F -E -R -s
answers tcp4 22
for address in 10.20.30.40 fd20::40; do
    # shellcheck disable=SC2016 # it is for the shell there
    run in_ssh $address 'echo hello; ip vrf identify $$'
    equal "by $address" "$out$err" 'hello
mgmt'
done
run in_ssh 10.20.30.40 'ping -c 1 -W 1 203.0.113.1'
quiet
nobody_else tcp 22

case_ nginx_with_workers_of_another_user
ear
serve tcp4 8000 upstream ip netns exec lan
serve tcp4 8000 wrong ip netns exec net
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
        location /up { proxy_connect_timeout 1s; proxy_pass http://10.20.30.1:8000; }
        location /off { proxy_connect_timeout 1s; proxy_pass http://203.0.113.1:8000; }
    }
}
END
cat >/tmp/answer.upstream <<'END'
#!/bin/sh
while read -r line && [ "${#line}" -gt 1 ]; do :; done
printf 'HTTP/1.0 200 OK\r\n\r\nupstream\n'
END
inside /usr/sbin/nginx -c /tmp/nginx.conf
answers tcp4 80
soon grep -ql '^Uid:.33' /proc/[0-9]*/status
worker=$(grep -l '^Uid:.33' /proc/[0-9]*/status 2>/tmp/said | head -n 1 | cut -d / -f 3)
match 'a worker of another user' "$worker" '^[0-9]+$'
equal 'and it is in the VRF' "$(ip vrf identify "$worker")" mgmt
equal 'IPv4' "$(get lan 10.20.30.40:80)" page
equal 'IPv6' "$(get lan '[fd20::40]:80')" page
equal 'a worker asks a server of the LAN' "$(get lan 10.20.30.40:80 /up)" upstream
equal 'and none on the other side' "$(get lan 10.20.30.40:80 /off)" ''
quiet
nobody_else tcp 80

case_ dnsmasq_as_resolver
ear
background ip netns exec lan /usr/sbin/dnsmasq -k -C /dev/null -u root -x '' -R -h -A /name.test/192.0.2.7 -A /name.test/2001:db8:7::7 --log-facility=-
inside /usr/sbin/dnsmasq -k -C /dev/null -u nobody -g nogroup -x '' -R -h -S 10.20.30.1 -S /six.test/fd20::1 -S /off.test/203.0.113.1 --log-facility=-
answers udp4 53
# asked_for NAME ADDRESS [COMMAND...]: what answers the question for that name, asked there by COMMAND, in hexadecimal digits
asked_for() {
    name=$1 to=$2
    shift 2
    printf '\0\1\1\0\0\1\0\0\0\0\0\0%s\4test\0\0\1\0\1' "$name" >/tmp/question
    case $to in
    TCP*) printf '\0\33' | cat - /tmp/question >/tmp/question.tcp && mv /tmp/question.tcp /tmp/question ;;
    esac
    "$@" socat -t 1 - "$to" </tmp/question 2>/tmp/said | hex
}
here="/vrf-launch --isolation $level mgmt --"
name=$(printf '\4name')
for to in UDP4:10.20.30.40:53 'UDP6:[fd20::40]:53' TCP4:10.20.30.40:53 'TCP6:[fd20::40]:53'; do
    match "asked $to" "$(asked_for "$name" "$to" on lan)" 'c0000207$'
done
for to in UDP4:127.0.0.1:53 'UDP6:[::1]:53' TCP4:127.0.0.1:53; do
    # shellcheck disable=SC2086 # words
    match "asked inside $to" "$(asked_for "$name" "$to" $here)" 'c0000207$'
done
asked_for "$(printf '\3off')" UDP4:10.20.30.40:53 on lan >/tmp/said
quiet

case_ dnsmasq_leases_by_broadcast
ear
inside /usr/sbin/dnsmasq -k -C /dev/null -p 0 --no-ping -u root -x '' -l /tmp/leases -F 10.20.30.100,10.20.30.110,1h --log-facility=-
answers udp4 67
run on lan udhcpc -i eth0 -n -q -f -t 3 -T 1 -s /bin/true
match 'a lease' "$out$err" 'lease of 10\.20\.30\.1[01][0-9] obtained'
quiet

case_ chrony_serves_and_asks
ear
printf '%s\n' 'local stratum 5' 'allow all' 'cmdport 0' 'pidfile /tmp/chronyd.pid' 'bindcmdaddress /' >/tmp/chrony.conf
inside /usr/sbin/chronyd -x -d -F 1 -f /tmp/chrony.conf
answers udp4 123
for address in 10.20.30.40 fd20::40; do
    run on lan /usr/sbin/chronyd -Q -t 8 -u root -f /dev/null "server $address iburst maxsamples 1" 'pidfile /tmp/asks.pid' 'cmdport 0'
    match "asked at $address" "$out$err" 'System clock wrong by'
done
sed s,/tmp/chronyd.pid,/tmp/lan.pid, /tmp/chrony.conf >/tmp/lan.conf
background ip netns exec lan /usr/sbin/chronyd -x -d -f /tmp/lan.conf
answers udp4 123
run /vrf-launch --isolation $level mgmt -- /usr/sbin/chronyd -Q -t 8 -F 1 -f /dev/null 'server 10.20.30.1 iburst maxsamples 1' 'pidfile /tmp/asks.pid' 'cmdport 0'
match 'asking from inside' "$out$err" 'System clock wrong by'
quiet
nobody_else udp 123

case_ go_listens_by_default
ear
inside /usr/bin/caddy respond --listen :8080 hello
answers tcp6 8080
if [ $level = bind ]; then # the hook does not see the sockets below an MPTCP socket
    match 'it is outside' "$(get net 203.0.113.40:8080)" hello
else
    equal 'IPv4' "$(get lan 10.20.30.40:8080)" hello
    equal 'IPv6' "$(get lan '[fd20::40]:8080')" hello
    nobody_else tcp 8080
fi

case_ they_run_on_the_seccomp_backend_too
for daemon in '22 /usr/sbin/sshd -D -e -f /tmp/sshd_config' '80 /usr/sbin/nginx -c /tmp/nginx.conf' '8080 /usr/bin/caddy respond --listen :8080 hello'; do
    # shellcheck disable=SC2086 # words
    background /vrf-launch --bind seccomp mgmt -- ${daemon#* }
    answers tcp6 "${daemon%% *}"
    nobody_else tcp "${daemon%% *}"
done
run in_ssh 10.20.30.40 'echo hello'
equal 'OpenSSH' "$out$err" hello
equal 'nginx' "$(get lan 10.20.30.40:80)" page
equal 'and none on the other side' "$(get lan 10.20.30.40:80 /off)" ''
equal 'caddy' "$(get lan 10.20.30.40:8080)" hello
equal 'caddy, IPv6' "$(get lan '[fd20::40]:8080')" hello

case_ avahi_answers_multicast
ear
cat >/tmp/avahi.conf <<'END'
[server]
host-name=guest
use-ipv4=yes
use-ipv6=yes
enable-dbus=no
[rlimits]
END
inside /usr/sbin/avahi-daemon --no-drop-root --no-chroot --no-rlimits -f /tmp/avahi.conf
answers udp4 5353
printf '\0\27\0\0\0\1\0\0\0\0\0\0\5guest\5local\0\0\1\0\1' >/tmp/question.4
printf '\0\27\0\0\0\1\0\0\0\0\0\0\5guest\5local\0\0\34\0\1' >/tmp/question.6
# asked NS FAMILY ADDRESS: what is answered to a question for our name sent to a group
asked() {
    on "$1" socat -t 1 - "$3" <"/tmp/question.$2" 2>/tmp/said | hex
}
soon sh -c "grep -q 'Server startup complete' $log" || fail 'it does not start'
# It says so while it still asks whether anybody else has the name, and does not answer yet.
by_4() {
    asked lan 4 UDP4-DATAGRAM:224.0.0.251:5353 | grep -q '0a141e28$'
}
soon by_4 || fail 'by IPv4'
match 'by IPv6' "$(asked lan 6 'UDP6-DATAGRAM:[ff02::fb%eth0]:5353')" 'fd200000000000000000000000000040$'
silent 'the other side' asked net 4 UDP4-DATAGRAM:224.0.0.251:5353
silent 'the other side, IPv6' asked net 6 'UDP6-DATAGRAM:[ff02::fb%eth1]:5353'
silence
[ $level = bind ] || # it names the interface in a control message
    equal 'nothing is sent there' "$(grep ' IP6\? 203.0.113.40.5353\|5353 > .*5353' "$ear")" ''
