# mar/05/2023 10:00:00 by RouterOS 7.8
# software id = XXXX-XXXX
/interface l2tp-server server
set enabled=yes ipsec-secret=l2tp-secret-word use-ipsec=required
/ip ipsec policy
set 0 proposal=l2tp
add action=discard dst-address=0.0.0.0/0 protocol=udp src-address=\
    203.0.113.1/32 src-port=1701
/ip ipsec proposal
add enc-algorithms=aes-256-cbc,3des name=l2tp pfs-group=none
/ip ipsec peer
add disabled=yes exchange-mode=main name=l2tp-clients passive=yes
/ip ipsec identity
add generate-policy=port-override peer=l2tp-clients secret=l2tp-secret-word
/ppp secret
add name=carl password=pw profile=default-encryption service=l2tp
add name=dora password=pw profile=default-encryption service=l2tp
