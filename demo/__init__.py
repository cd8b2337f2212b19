"""The demonstration: a company of ours, people of ours, and the whole system at work around them,
on this machine alone."""

#: The company's name in addresses, which leads to its site on loopback and nowhere else.
COMPANY_HOST = "brand.example:80"
