"""How an application, a command and a migration talk to the database."""
