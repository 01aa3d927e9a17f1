# 2023-01-10 11:22:33 by RouterOS 7.6
/ip ipsec mode-config
add address-pool=rw-pool address-prefix-length=32 name=cfg-rw split-include=\
    10.5.8.0/24,10.5.9.0/24 static-dns=10.5.8.1 system-dns=no
add address=10.77.0.9 address-prefix-length=32 name=cfg-boss split-include=\
    0.0.0.0/0 system-dns=yes
/ip ipsec policy group
add name=rw
/ip ipsec profile
add dh-group=ecp256,modp2048 enc-algorithm=aes-256,aes-128 hash-algorithm=\
    sha256 name=rw prf-algorithm=auto
/ip ipsec peer
add exchange-mode=ike2 name=rw passive=yes profile=rw
/ip ipsec proposal
add auth-algorithms=sha512,sha256,sha1 enc-algorithms=\
    aes-256-cbc,aes-256-gcm,aes-128-gcm lifetime=8h name=rw pfs-group=none
/ip pool
add name=rw-pool next-pool=rw-more ranges=10.77.0.10-10.77.0.99
add name=rw-more ranges=10.77.1.0/24,10.77.2.5
/ip ipsec identity
add auth-method=digital-signature certificate=server,intermediate \
    generate-policy=port-strict mode-config=cfg-rw peer=rw \
    policy-template-group=rw
add auth-method=digital-signature certificate=server generate-policy=\
    port-strict match-by=certificate mode-config=cfg-boss peer=rw \
    policy-template-group=rw remote-certificate="boss laptop"
/ip ipsec policy
add dst-address=10.77.0.0/16 group=rw proposal=rw src-address=0.0.0.0/0 \
    template=yes
