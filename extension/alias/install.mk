# Install the alias extension `vector` (docs/vector_alias.md). DESTDIR and PG_CONFIG work as in
# `make install`. A vector.control that is not ours belongs to pgvector and is left alone.
alias_dir = $(DESTDIR)$(datadir)/extension
alias_files = extension/alias/vector.control sql/alias/vector--0.8.6.sql

.PHONY: install-vector-alias uninstall-vector-alias
install-vector-alias: ## install the empty extension "vector" that requires quiver
	@if test -e '$(alias_dir)/vector.control' && ! grep -q "requires = 'quiver'" '$(alias_dir)/vector.control'; then \
		echo "pgvector is installed in $(alias_dir); remove it first, the alias takes its name" >&2; exit 1; fi
	$(MKDIR_P) '$(alias_dir)'
	$(INSTALL_DATA) $(alias_files) '$(alias_dir)/'

uninstall-vector-alias: ## remove the alias extension "vector"
	@if ! grep -q "requires = 'quiver'" '$(alias_dir)/vector.control' 2>/dev/null; then \
		echo "there is no alias in $(alias_dir)" >&2; exit 1; fi
	rm -f $(addprefix '$(alias_dir)'/,$(notdir $(alias_files)))
