# 2025-09-01 06:00:00 by RouterOS 7.20
/ip ipsec policy group
add comment="windows and phones" name=eap
/ip ipsec profile
add dh-group=modp2048,modp1024 enc-algorithm=aes-256,aes-192,aes-128 \
    hash-algorithm=sha256 name=eap
/ip ipsec peer
add address=0.0.0.0/0 exchange-mode=ike2 name=eap passive=yes profile=eap \
    send-initial-contact=no
/ip ipsec key/rsa
/ip ipsec proposal
add auth-algorithms=sha256,sha1 name=eap pfs-group=none
/ip ipsec mode-config
add address-pool=eap name=eap responder=yes
/ip pool
add name=eap ranges=10.60.0.2-10.60.3.254
/ip ipsec identity
add auth-method=eap-radius certificate=letsencrypt generate-policy=\
    port-strict mode-config=eap peer=eap policy-template-group=eap secret=unused
/ip ipsec policy
add dst-address=10.60.0.0/22 group=eap proposal=eap src-address=0.0.0.0/0 \
    template=yes
/ip ipsec settings
set interim-update=5m
/radius
add address=10.0.0.5 secret=radius-secret service=ipsec timeout=1s
add address=10.0.0.6 secret=other service=wireless,ppp
/user group
add name=readers policy=read
