# may/03/2017 18:00:01 by RouterOS 6.39.2
/ip ipsec mode-cfg
add address-pool=vpn-pool address-prefix-length=32 name=rw send-dns=no \
    split-include=192.168.88.0/24
/ip ipsec policy group
add name=road
/ip ipsec user
add name=anna password=geheim1
add disabled=yes name=bert password="mit leer"
/ip pool
add name=vpn-pool ranges=192.168.77.10-192.168.77.99
add name=dhcp ranges=192.168.88.10-192.168.88.254
/ip ipsec peer
add address=0.0.0.0/0 auth-method=pre-shared-key-xauth exchange-mode=aggressive \
    generate-policy=port-strict mode-config=rw passive=yes \
    policy-template-group=road secret=sharedbyall send-initial-contact=no
/ip ipsec policy
add dst-address=192.168.77.0/24 group=road src-address=192.168.88.0/24 \
    template=yes
