"""How an archive made by an older version grows: Alembic's revisions, applied by `ims db upgrade`.

A revision changes tables and rows, in plain SQL of its own time; it is named after the version that it leads to, which
db/schema.py and deploy/setup_database.sh name as well. Scripts 02 and 03 say the same for new databases. Indexes,
functions, triggers, views and rights are the scripts' alone, which run after the last revision: a revision only drops
what they could not replace, and has an empty upgrade() when there is no more to it.
"""
