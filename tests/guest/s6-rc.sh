#!/bin/sh
# s6-rc brings up the VRF, a daemon in it and its logger, by the definitions of initramfs/s6.
# kernels: debian-6.1
# modules: vrf dummy
# programs: s6-rc s6-rc-compile s6-rc-init s6-rc-oneshot-run s6-rc-fdholder-filler s6-svscan s6-supervise s6-svc s6-svscanctl s6-svstat s6-svwait s6-svlisten1 s6-svlisten s6-svlink s6-svunlink s6-svok s6-ftrigrd s6-ftrig-wait s6-notifyoncheck s6-permafailon s6-log s6-ipcserver s6-ipcserverd s6-ipcserver-socketbinder s6-ipcserver-access s6-ipcclient s6-sudo s6-sudoc s6-sudod s6-fdholder-daemon s6-fdholderd s6-fdholder-store s6-fdholder-retrieve s6-fdholder-transferdump execlineb fdmove fdswap fdclose redirfd export emptyenv forstdin exit if ifelse foreground pipeline
# timeout: 120
ln -s /vrf-launch /usr/sbin/vrf-launch
mkdir -p /usr/lib/execline
ln -s /usr/bin /usr/lib/execline/bin # where s6-rc, built with Debian's execline, looks
ip link add eth0 type dummy
cat >/etc/vrf-launch.conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto eth0
iface eth0
    address 10.20.30.40/24
    vrf mgmt
END
mkdir -p /etc/ssh /var/log /run/service
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/key
printf '%s\n' 'HostKey /etc/ssh/key' 'PidFile none' >/etc/ssh/sshd_config
setsid s6-svscan /run/service >/tmp/svscan 2>&1 </dev/null &

case_ the_definitions_compile
expect 's6-rc-compile' s6-rc-compile /tmp/compiled /initramfs/s6
soon test -p /run/service/.s6-svscan/control || fail 'no s6-svscan'
expect 's6-rc-init' s6-rc-init -c /tmp/compiled -l /run/s6-rc /run/service

case_ one_change_brings_all_up
expect 's6-rc' s6-rc -l /run/s6-rc -t 30000 -u change sshd || tail -n 8 /tmp/svscan | shown
equal 'the VRF' "$(ip -d -j link show mgmt | jq '.[0].linkinfo.info_data.table')" 10
equal 'its member' "$(ip -j link show eth0 | jq -r '.[0].master')" mgmt
equal 'what is up' "$(s6-rc -l /run/s6-rc -a list | grep -v s6rc- | sort | tr '\n' ' ')" 'sshd sshd-log vrf '
pid=$(s6-svstat -o pid /run/service/sshd)
equal 'the daemon is ready' "$(s6-svstat -o ready /run/service/sshd)" true
equal 'its program' "$(readlink "/proc/$pid/exe")" /usr/sbin/sshd
equal 'in the VRF' "$(ip vrf identify "$pid")" mgmt
match 'it is logged' "$(cat /var/log/sshd/current)" ' Server listening on'

case_ the_vrf_goes_after_what_is_in_it
expect 's6-rc' s6-rc -l /run/s6-rc -t 60000 -d change vrf
refuse 'the daemon' test -d "/proc/$pid"
refuse 'the VRF' ip link show mgmt
equal 'the member is kept' "$(ip -j link show eth0 | jq -r '.[0].master')" null
