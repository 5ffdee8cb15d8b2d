#!/bin/sh
# --inetd: a process for each connection; --listen's options; a web server that takes sockets over, and has no privileges.
#
#   lan  10.20.30.1, .2 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1
# kernels: once alpine-6.18
# modules: vrf
# programs: nginx
# timeout: 120
lan_and_net
on lan ip addr add 10.20.30.2/24 dev eth0
/vrf-launch -c /tmp/conf up || fail 'up'
echo 'www-data:x:33:33::/var/www:/bin/false' >>/etc/passwd
echo 'www-data:x:33:' >>/etc/group
there() { soon listens_ tcp6 "$1" "$pid" || fail "nothing on $1: $(cat "$log")"; }

case_ sshd_by_inetd
mkdir -p /tmp/keys
chmod 700 /root /tmp/keys
ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/host
ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/client
printf '%s\n' 'HostKey /tmp/keys/host' 'AuthorizedKeysFile /tmp/keys/client.pub' 'StrictModes no' 'PermitRootLogin yes' \
    'PidFile none' >/tmp/sshd_config
background /vrf-launch --listen tcp:22 --inetd mgmt -- /usr/sbin/sshd -i -e -f /tmp/sshd_config
there 22
login() {
    on "$1" ssh -F none -i /tmp/keys/client -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR -o ConnectTimeout=5 root@"$2" "$3"
}
for address in 10.20.30.40 fd20::40; do
    # shellcheck disable=SC2016 # it is for the shell there
    run login lan $address 'echo hello; ip vrf identify $$'
    equal "a login by $address" "$out" 'hello
mgmt'
done
run login net 203.0.113.40 'echo hello'
equal 'none from the other side' "$out" ''

case_ the_command_is_told_who_it_is
# shellcheck disable=SC2016 # it is for the shell there
background /vrf-launch --listen tcp:7000 --inetd mgmt -- sh -c \
    'read -r line; echo "$line $PROTO $REMOTE_ADDR $TCPREMOTEIP $TCPLOCALIP $TCPLOCALPORT ${REMOTE_PORT:+port} ${LISTEN_FDS-none} $(find /proc/$$/fd -type l | wc -l)"'
there 7000
equal 'IPv4' "$(ask tcp4 10.20.30.40 7000 ip netns exec lan)" 'question TCP 10.20.30.1 10.20.30.1 10.20.30.40 7000 port none 4'
equal 'IPv6' "$(ask tcp6 fd20::40 7000 ip netns exec lan)" 'question TCP6 fd20::1 fd20::1 fd20::40 7000 port none 4'

case_ connections_are_limited
background /vrf-launch --listen tcp:7001 --inetd --max-connections 2 mgmt -- cat
there 7001
holders=
for number in 1 2; do
    ip netns exec lan socat -u TCP4:10.20.30.40:7001 STDOUT &
    holders="$holders $!"
done
sleep 0.5
children() { wc -w <"/proc/$pid/task/$pid/children"; }
equal 'two are served' "$(children)" 2
(sleep 2; echo late) | on lan socat -t 3 - TCP4:10.20.30.40:7001 >/tmp/late &
sleep 0.7
equal 'the third waits' "$(children)" 2
# shellcheck disable=SC2086 # words
kill $holders
wait $! 2>/tmp/said
soon grep -q late /tmp/late || fail 'and is served in its turn'
background /vrf-launch --listen tcp:7002 --inetd --max-per-source=1 mgmt -- cat
there 7002
ip netns exec lan socat -u TCP4:10.20.30.40:7002,bind=10.20.30.1 STDOUT &
sleep 0.3
equal 'a second from there is closed' "$(echo x | on lan socat -t 2 - TCP4:10.20.30.40:7002,bind=10.20.30.1 2>/tmp/said)" ''
equal 'one from elsewhere is not' "$(echo x | on lan socat -t 2 - TCP4:10.20.30.40:7002,bind=10.20.30.2)" x

case_ it_ends_and_connections_go_on
background /vrf-launch --listen tcp:7003 --inetd mgmt -- cat
there 7003
(sleep 2; echo still; sleep 1) | on lan socat -t 3 - TCP4:10.20.30.40:7003 >/tmp/still &
sleep 0.7
kill "$pid"
wait "$pid"
equal 'exit code' $? 0
soon grep -q still /tmp/still || fail 'the connection has ended'

case_ wrong_uses_are_told
run /vrf-launch --inetd mgmt -- cat
match 'nothing to listen on' "$status$err" '^100.*--inetd accepts on what --listen opens'
run /vrf-launch --inetd --listen udp:53 mgmt -- cat
match 'datagrams' "$status$err" '^100.*of TCP'
run /vrf-launch --inetd --listen tcp:53 --max-connections 0 mgmt -- cat
match 'no connections' "$status$err" '^100.*not a number of connections'
run /vrf-launch --listen tcp:53,fast mgmt -- cat
match 'an option' "$status$err" '^100.*behind a comma stand'
background /vrf-launch --inetd --listen tcp:7009 mgmt -- /nothing
there 7009
equal 'a command that is not there' "$(ask tcp4 10.20.30.40 7009 ip netns exec lan 2>/tmp/said)" ''
match 'is told of' "$(cat "$log")" 'cannot run /nothing: ENOENT'

case_ options_of_sockets
background /vrf-launch --listen tcp:7010,v6only,backlog=7 --listen tcp:10.20.30.99:7011,freebind --listen 'tcp:[fd20::99]:7012,freebind' \
    --listen tcp:7013,reuseport mgmt -- sleep 100
soon listens_ tcp6 7013 "$pid" || fail 'nothing there'
equal 'backlog' "$(ss -Hltn 'sport = 7010' | awk '{ print $3 }')" 7
equal 'not of IPv4' "$(ask tcp4 10.20.30.40 7010 ip netns exec lan 2>/tmp/said)" ''
expect 'an address that is not there' sh -c "ss -Hltn 'sport = 7011' | grep -q 10.20.30.99"
expect 'of IPv6' sh -c "ss -Hltn 'sport = 7012' | grep -q fd20::99"
background /vrf-launch --listen tcp:7013,reuseport mgmt -- sleep 100
expect 'two on one port' soon sh -c "[ \$(ss -Hltn 'sport = 7013' | wc -l) = 2 ]"

case_ nginx_takes_its_sockets_over
mkdir -p /var/lib/nginx /var/log/nginx /tmp/www /tmp/body
echo page >/tmp/www/index.html
cat >/tmp/nginx.conf <<'END'
worker_processes 1;
daemon off;
error_log stderr;
pid /tmp/www/nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path /tmp/www/1;
    proxy_temp_path /tmp/www/2;
    fastcgi_temp_path /tmp/www/3;
    uwsgi_temp_path /tmp/www/4;
    scgi_temp_path /tmp/www/5;
    server {
        listen [::]:80 ipv6only=off;
        root /tmp/www;
    }
}
END
chown -R www-data /tmp/www
background /vrf-launch --isolation strict --listen tcp:80 --user www-data --env 'NGINX=3;' mgmt -- /usr/sbin/nginx -c /tmp/nginx.conf
for address in 10.20.30.40 '[fd20::40]'; do
    page() { printf 'GET / HTTP/1.0\r\n\r\n' | on lan socat -t 3 - "TCP:$address:80,connect-timeout=3,shut-none" 2>/tmp/said | tail -n 1 | grep -q page; }
    soon page || fail "$address: $(cat "$log")"
done
match 'who may not listen there' "$(grep CapEff "/proc/$pid/status")" '0000000000000000'

case_ a_service_can_have_it
cat >/tmp/services <<'END'
source /tmp/conf
auto echo
service echo
    vrf mgmt
    listen tcp:7020
    inetd yes
    exec /busybox/cat
END
background /vrf-launch -c /tmp/services run
sleep 1
equal 'of run' "$(ask tcp4 10.20.30.40 7020 ip netns exec lan)" question
