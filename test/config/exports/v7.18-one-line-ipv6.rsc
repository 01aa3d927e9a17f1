/ip/ipsec/profile/add name=six dh-group=ecp521 enc-algorithm=aes-256 hash-algorithm=sha512 dpd-interval=disable-dpd
/ip/ipsec/peer/add name="Site B" address=2001:db8:0:b::1/128 exchange-mode=ike2 profile=six ; /ip/ipsec/identity/add peer="Site B" my-id=user-fqdn:ops@a.example remote-id=ignore secret="a secret that is long"
/ip ipsec proposal add name=six auth-algorithms=sha512 enc-algorithms=aes-256-cbc pfs-group=ecp521
:log info "profiles are there"
/ip/ipsec/policy
add src-address=2001:db8:a::/48 dst-address=2001:db8:b::/48 tunnel=yes peer="Site B" proposal=six protocol=tcp dst-port=443
add src-address=2001:db8:a::/48 dst-address=2001:db8:b::/48 tunnel=yes peer="Site B" proposal=six copy-from=*3
disable [ find protocol=tcp ]
