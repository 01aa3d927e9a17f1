# dec/24/2021 20:00:00 by RouterOS 6.49.2
/ip ipsec mode-config
set [ find default=yes ] name=request-only responder=no
/ip ipsec policy group
set [ find default=yes ] name=default
/ip ipsec profile
set [ find default=yes ] dh-group=modp2048,modp1024 dpd-interval=2m \
    dpd-maximum-failures=5 enc-algorithm=aes-128,3des hash-algorithm=sha1 \
    lifetime=1d name=default nat-traversal=yes proposal-check=obey
/ip ipsec peer
add address=198.51.100.20/32 disabled=no exchange-mode=main name=old-router \
    passive=no profile=default send-initial-contact=yes
/ip ipsec proposal
set [ find default=yes ] auth-algorithms=sha1 disabled=no enc-algorithms=\
    aes-256-cbc,aes-192-cbc,aes-128-cbc lifetime=30m name=default pfs-group=\
    modp1024
/ip ipsec identity
add auth-method=pre-shared-key disabled=no generate-policy=no peer=old-router \
    secret=a-secret-of-both-routers
/ip ipsec policy
set 0 disabled=no dst-address=::/0 group=default proposal=default protocol=all \
    src-address=::/0 template=yes
add action=encrypt disabled=no dst-address=172.16.2.0/24 dst-port=any \
    ipsec-protocols=esp level=require peer=old-router proposal=default protocol=\
    all sa-dst-address=198.51.100.20 sa-src-address=0.0.0.0 src-address=\
    172.16.1.0/24 src-port=any tunnel=yes
/ip ipsec settings
set accounting=yes interim-update=0s xauth-use-radius=no
