# 2024-09-20 17:45:10 by RouterOS 7.16
/interface gre
add local-address=192.0.2.1 name=gre1 remote-address=192.0.2.2
/ip ipsec profile
add dh-group=x25519,ecp384 enc-algorithm=aes-256 hash-algorithm=sha384 \
    lifetime=12h name=gre
/ip ipsec peer
add address=192.0.2.2/32 exchange-mode=ike2 local-address=192.0.2.1 name=other \
    profile=gre
/ip ipsec proposal
add auth-algorithms=null enc-algorithms=aes-128-gcm lifetime=1h name=gre \
    pfs-group=none
/ip ipsec identity
add my-id=key-id:left peer=other remote-id=key-id:right secret=\
    0x00112233445566778899aabbccddeeff
/ip ipsec policy
add dst-address=192.0.2.2/32 peer=other proposal=gre protocol=gre src-address=\
    192.0.2.1/32 tunnel=yes
