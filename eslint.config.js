// What a stranger's text could do through the page's code; form and types are other tools' business.
import noUnsanitized from 'eslint-plugin-no-unsanitized';
import security from 'eslint-plugin-security';

export default [
  { ignores: ['static/vendor/', 'examples/*/dist/'] },
  {
    files: ['static/**/*.js', 'examples/**/*.{js,jsx}'],
    languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { security, 'no-unsanitized': noUnsanitized },
    rules: {
      ...security.configs.recommended.rules,
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-script-url': 'error',
      'no-unsanitized/method': 'error',
      'no-unsanitized/property': 'error',
      // It reports every a[b]. Names that an answer chooses (languages, entities, labels of links) are keys of
      // Maps or of objects without a prototype, so that `__proto__` is a key like any other.
      'security/detect-object-injection': 'off',
    },
  },
];
