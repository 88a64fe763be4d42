"""How units flow through each kind of layer; `table` says which is which."""
