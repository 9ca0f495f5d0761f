"""The contributors' side: ClientApp, local training, behaviours."""
