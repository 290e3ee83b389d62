"""UCI Online Retail as a landing zone (docs/online-retail.md): `importing` puts it together."""
