# 2023-07-02 21:14:55 by RouterOS 7.10.1
# software id = 0000-0000
/ip ipsec policy group
add name=office
/ip ipsec profile
add dh-group=ecp256 dpd-interval=20s enc-algorithm=aes-256 hash-algorithm=\
    sha256 name=office
/ip ipsec peer
add address=203.0.113.5/32 exchange-mode=ike2 name=office profile=office
/ip ipsec proposal
add auth-algorithms=sha256 enc-algorithms=aes-256-cbc lifetime=8h name=office \
    pfs-group=none
/certificate settings
set crl-use=no
/ip ipsec identity
add auth-method=digital-signature certificate=laptop.p12_0 generate-policy=\
    port-strict mode-config=request-only my-id=user-fqdn:eva@office.example peer=office \
    policy-template-group=office remote-id=fqdn:vpn.office.example
/ip ipsec policy
add dst-address=0.0.0.0/0 group=office proposal=office src-address=0.0.0.0/0 \
    template=yes
