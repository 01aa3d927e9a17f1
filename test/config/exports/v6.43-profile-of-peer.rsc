# oct/20/2018 07:30:00 by RouterOS 6.43.4
/ip ipsec peer profile
set [ find default=yes ] enc-algorithm=aes-256
add dh-group=modp4096 enc-algorithm=aes-256 hash-algorithm=sha512 lifetime=8h \
    name="Strong one"
/ip ipsec peer
add address=198.51.100.7/32 exchange-mode=ike2 name=berlin profile="Strong one" secret=\
    0x6f1d8e0a5b7c42d39a1e4f608b2c7d5e
add address=198.51.100.8/32 exchange-mode=ike2 my-id=fqdn:hq.example \
    secret=another-long-secret-of-ours
/ip ipsec policy
add dst-address=10.8.0.0/24 sa-dst-address=198.51.100.8 sa-src-address=0.0.0.0 \
    src-address=10.0.0.0/24 tunnel=yes
add dst-address=10.7.0.0/24 level=unique sa-dst-address=198.51.100.7 \
    sa-src-address=0.0.0.0 src-address=10.0.0.0/24 tunnel=yes
add dst-address=10.9.0.0/24 sa-dst-address=198.51.100.99 sa-src-address=0.0.0.0 \
    src-address=10.0.0.0/24 tunnel=yes
