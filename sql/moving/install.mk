# The scripts by which quiver takes over a database from pgvector, and pgvector from quiver (docs/from_pgvector.md).
build/sql/quiver--adopt.sql: build/sql/quiver--$(EXTVERSION).sql sql/moving/adopt.pl
	perl sql/moving/adopt.pl vector quiver $< >$@.tmp && mv $@.tmp $@

# What `adopt` made is this version already.
build/sql/quiver--adopt--$(EXTVERSION).sql: build/sql/quiver--adopt.sql
	printf '%s\n' '-- Nothing is left to do: version adopt is version $(EXTVERSION), taken over from pgvector.' >$@

# Made from the install script of the pgvector that is on the server.
way_back_dir = $(DESTDIR)$(datadir)/extension
.PHONY: install-way-back
install-way-back: ## install the scripts by which pgvector takes a database back from quiver
	@if ! test -e '$(way_back_dir)/vector.control' || grep -q "requires = 'quiver'" '$(way_back_dir)/vector.control'; then \
		echo "pgvector is not installed in $(way_back_dir)" >&2; exit 1; fi
	@version=$$(sed -n "s/^default_version = '\(.*\)'/\1/p" '$(way_back_dir)/vector.control'); \
	perl sql/moving/adopt.pl quiver vector '$(way_back_dir)'/vector--$$version.sql >'$(way_back_dir)/vector--adopt.sql.tmp' && \
	mv '$(way_back_dir)/vector--adopt.sql.tmp' '$(way_back_dir)/vector--adopt.sql' && \
	printf '%s\n' '-- Nothing is left to do.' >'$(way_back_dir)'/vector--adopt--$$version.sql && \
	echo "pgvector $$version can take a database back"
