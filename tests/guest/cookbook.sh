#!/bin/sh
# README.md and initramfs/cookbook.md: what stands in their boxes is run as it stands there, and does what it says.
#
#   lan 10.20.30.1 ── eth1    lan 192.0.2.1, 8.8.8.8 behind ── eth0    red 10.0.0.1 ── eth1, blue 10.0.0.1 ── eth2
# kernels: debian-6.1
# modules: vrf dummy sch_ingress cls_bpf
# programs: dnsmasq
# timeout: 300
mkdir -p /etc/network /srv/red /srv/blue /srv/www /usr/local/bin /repo/target
cp -r /initramfs /vrf-launch /repo/
ln -s /vrf-launch /usr/sbin/vrf-launch
ln -s /vrf-launch /repo/target/vrf-launch
ln -s /busybox/busybox /usr/bin/busybox
touch /etc/resolv.conf
# What every machine that builds has, and this busybox has not.
cat >/usr/bin/install <<'END'
#!/bin/sh
while [ $# -gt 2 ]; do
    [ "$1" != -m ] || mode=$2
    shift
done
mkdir -p "${2%/*}" && cp "$1" "$2" && chmod "$mode" "$2"
END
chmod +x /usr/bin/install
cd /repo || exit

# recipe N: the box of that recipe
recipe() {
    awk -v number="$1." '/^## /{ is = $2 == number } /^```/{ if (in_) in_ = 0; else if (is && $0 == "```sh") { in_ = 1; next } } in_' \
        /repo/initramfs/cookbook.md
}
# cook N: runs it
cook() {
    recipe "$1" >/tmp/recipe
    expect "recipe $1 has a box" test -s /tmp/recipe
    run sh -e /tmp/recipe
    equal "recipe $1 succeeds" "$status" 0 || cat /tmp/out /tmp/err | shown
}
# clear: the machine of the next recipe
clear() {
    vrf-launch down >/tmp/said 2>&1
    for file in /etc/network/interfaces /etc/vrf-launch.conf; do
        rm -f $file
    done
    for host in "$@"; do
        ip netns del "$host"
    done
    soon sh -c '! ls -d /sys/class/net/eth* 2>/dev/null' >/tmp/said
}
# world: 8.8.8.8 is behind that host
world() {
    on "$1" ip addr add 8.8.8.8/32 dev lo
}

# readme N: the Nth box of README.md
readme() {
    awk -v number="$1" '/^```/{ box = !box; n += box; next } box && n == number' /repo/initramfs/main.md
}
case_ readme
far lan eth1 10.20.30.1/24
mkdir -p /etc/ssh
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
touch /etc/ssh/sshd_config
readme 4 >/etc/network/interfaces
readme 5 >/tmp/recipe
expect 'from afar' sh -e /tmp/recipe
readme 1 >/tmp/recipe
background sh -e /tmp/recipe
banner() { "$@" /usr/bin/socat -T 1 -u TCP4:10.20.30.40:22,connect-timeout=2 - 2>/tmp/said | head -c 4; }
answers() { [ "$(banner on lan)" = SSH- ]; }
expect 'sshd answers on the management LAN' soon answers
equal 'and not outside of mgmt' "$(banner env)" ''
readme 6 >/tmp/recipe
run sh -e /tmp/recipe
equal 'exit code of a look at it' "$status" 0 || cat /tmp/out /tmp/err | shown
match 'sshd is shown' "$out" 'sshd'
match 'why there is no way' "$out" 'unreachable'
kill "$pid" "$(vrf-launch pids mgmt | awk '{ print $1; exit }')" 2>/tmp/said
clear lan

case_ default_route_in_mgmt_only
far lan eth1 10.20.30.1/24
far home eth0 192.0.2.1/24
world lan
cook 2
match 'not from outside' "$out" 'not from here'
equal 'from inside' "$(echo "$out" | grep -c '1 received')" 1
expect 'programs have the local network' ping -c 1 192.0.2.1
clear lan home

case_ two_tenants
far red eth1 10.0.0.1/24
far blue eth2 10.0.0.1/24
echo red >/srv/red/index.html
echo blue >/srv/blue/index.html
cook 3
for name in red blue; do
    equal "$name is served by its own" "$(on $name wget -q -O - http://10.0.0.2/)" $name
done
equal 'a process in each' "$(echo "$out" | grep -c httpd)" 2
for pid in $(vrf-launch pids red | awk '{ print $1 }') $(vrf-launch pids blue | awk '{ print $1 }'); do
    kill "$pid"
done
clear red blue

case_ monitoring_agent
far lan eth1 10.20.30.1/24
cat >/usr/local/bin/agent <<'END'
#!/bin/sh
echo "report of $(id -un) in $(vrf-launch identify)" | /usr/bin/socat - "TCP4:$1:9000"
sleep 100
END
chmod +x /usr/local/bin/agent
background ip netns exec lan /usr/bin/socat -u TCP4-LISTEN:9000,reuseaddr,fork OPEN:/tmp/reports,creat,append
recipe 4 >/tmp/recipe
background sh -e /tmp/recipe
runner=$pid
expect 'its report arrives by mgmt' soon grep -qx 'report of nobody in mgmt' /tmp/reports || shown <"$log"
kill -- "-$runner"
kill "$(pgrep -x -f 'sleep 100')"
soon sh -c "! kill -0 $runner" 2>/tmp/said
clear lan

case_ one_card
far lan eth0 10.20.30.1/24
world lan
cook 5
match 'the VRF has the LAN alone' "$out" 'not from here'
equal 'both reach what they may' "$(echo "$out" | grep -c '1 received')" 2
expect 'the LAN reaches both' on lan ping -c 1 10.20.30.40
clear lan

case_ appliance
cook 6
for file in init etc/vrf-launch.conf 'lib/modules/.*/vrf.ko' bin/busybox; do
    match "$file is in it" "$out" "^(\./)?$file$"
done
expect 'the configuration is right' vrf-launch -c appliance.conf plan

# mgmt: what the recipes about a running VRF have
mgmt() {
    far lan eth1 10.20.30.1/24
    cat >/etc/network/interfaces <<'END'
auto mgmt eth1
iface mgmt
    vrf-table 10
iface eth1
    address 10.20.30.40/24
    vrf mgmt
END
    expect 'up' vrf-launch up
}

case_ from_ip_vrf_exec
mgmt
background ip vrf exec mgmt /usr/bin/socat TCP4-LISTEN:7000,fork,reuseaddr SYSTEM:'echo answer'
soon listens_ tcp4 7000 "$pid"
cook 7
match 'it is among them' "$out" "$pid +socat"
equal 'and goes on, in mgmt' "$(vrf-launch identify "$pid")" mgmt
equal 'reached as before' "$(on lan /usr/bin/socat -t 2 - TCP4:10.20.30.40:7000 </dev/null)" answer

case_ no_route
ip link set eth1 down
recipe 8 >/tmp/recipe
run sh /tmp/recipe
match 'what differs is said' "$out" '^ip link set dev eth1 up'
match 'and why there is no route' "$out" 'unreachable'
expect 'up mends it' vrf-launch up

case_ dns
background ip netns exec lan /usr/sbin/dnsmasq -k -C /dev/null -u root -x '' -R -h -A /printer.lan/10.20.30.77 -A /printer.lan/fd20::77 --log-facility=-
soon sh -c 'ip netns exec lan ss -Hlun | grep -q :53'
cook 9
match 'the name is known inside' "$out" '10\.20\.30\.77'

case_ strict
echo page >/srv/www/index.html
chmod 755 /srv /srv/www
recipe 10 >/tmp/recipe
background sh -e /tmp/recipe
is_served() {
    printf 'GET / HTTP/1.0\r\n\r\n' | on lan /usr/bin/socat -t 3 - TCP4:10.20.30.40:80 >/tmp/page 2>/tmp/said
    grep -qx page /tmp/page
}
expect 'it is served' soon is_served || cat "$log" /tmp/page | shown
vrf-launch --isolation strict mgmt -- sh -c 'echo $$ >/sys/fs/cgroup/cgroup.procs; ip rule del pref 0 l3mdev unreachable protocol kernel; true' >/tmp/said 2>&1
match 'root in it changes no rules' "$(ip rule)" '^0:.*unreachable'
clear lan
