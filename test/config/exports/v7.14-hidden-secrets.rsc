# 2024-03-01 12:00:00 by RouterOS 7.14
#
/ip ipsec peer
add address=192.0.2.77/32 exchange-mode=ike2 name=hub
/ip ipsec identity
add peer=hub
/ip ipsec policy
add dst-address=10.1.0.0/16 peer=hub src-address=10.2.0.0/16 tunnel=yes
/ip ipsec settings
set ddos-cookie-threshold=50
