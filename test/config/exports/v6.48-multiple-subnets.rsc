# jan/15/2021 22:10:05 by RouterOS 6.48
# model = RB4011iGS+
# serial number = 000000000000
/interface bridge
add name=lan
/ip ipsec profile
add dh-group=ecp256,modp2048 enc-algorithm=aes-256 hash-algorithm=sha256 name=\
    p-site nat-traversal=no
/ip ipsec peer
add address=192.0.2.20/32 exchange-mode=ike2 local-address=192.0.2.10 name=\
    site2 profile=p-site
/ip ipsec proposal
set [ find default=yes ] disabled=yes
add auth-algorithms=sha256 enc-algorithms=aes-256-cbc,aes-256-ctr lifetime=1h \
    name=p-esp pfs-group=ecp256
/ip address
add address=192.168.10.1/24 interface=lan
add address=192.168.11.1/24 interface=lan
/ip firewall nat
add action=accept chain=srcnat dst-address=192.168.20.0/24
add action=masquerade chain=srcnat
/ip ipsec identity
add peer=site2 secret="k\$8 \\ q\?;x and long enough"
/ip ipsec policy
add comment="office\r\
    \nprinters" dst-address=192.168.20.0/24 level=unique peer=site2 proposal=\
    p-esp src-address=192.168.10.0/24 tunnel=yes
add dst-address=192.168.21.0/24 level=unique peer=site2 proposal=p-esp \
    src-address=192.168.10.0/24 tunnel=yes
add dst-address=192.168.20.0/24 level=unique peer=site2 proposal=p-esp \
    src-address=192.168.11.0/24 tunnel=yes
add disabled=yes dst-address=192.168.21.0/24 level=unique peer=site2 \
    proposal=p-esp src-address=192.168.11.0/24 tunnel=yes
add dst-address=192.168.20.0/24 peer=site2 proposal=p-esp src-address=\
    192.168.10.0/24 tunnel=yes
add action=none dst-address=192.168.99.0/24 src-address=192.168.10.0/24
add action=discard dst-address=192.168.0.0/16 dst-port=25 protocol=tcp \
    src-address=192.168.10.5/24
/system identity
set name=gw1
