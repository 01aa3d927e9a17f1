# 2023-11-30 08:00:00 by RouterOS 7.12.1
/ip firewall address-list
add address=192.168.88.0/24 list=through-vpn
add address=192.168.89.7 comment="the \D1\82\D0\B2" list=through-vpn
add address=10.0.0.0/8 list=internal
/ip ipsec mode-config
add connection-mark=vpn name=provider responder=no src-address-list=\
    through-vpn use-responder-dns=exclusively
/ip ipsec policy group
add name=provider
/ip ipsec profile
add name=provider
/ip ipsec peer
add address=gw.vpn-provider.example exchange-mode=ike2 name=provider profile=\
    provider
/ip ipsec proposal
add name=provider pfs-group=none
/ip ipsec identity
add auth-method=eap certificate="" eap-methods=eap-mschapv2 generate-policy=\
    port-strict mode-config=provider password=my-pass peer=provider \
    policy-template-group=provider username=user@example.com
/ip ipsec policy
add dst-address=0.0.0.0/0 group=provider proposal=provider src-address=\
    0.0.0.0/0 template=yes
