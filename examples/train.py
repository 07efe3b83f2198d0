"""Find a classifier for handwritten digits. Plain scikit-learn: nothing here knows of autolog."""

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def main() -> None:
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SVC()),
        {
            "svc__C": [0.1, 1, 10, 100],
            "svc__gamma": [0.001, 0.01, 0.1],
            "svc__kernel": ["rbf", "sigmoid"],
        },
        cv=3,
        n_jobs=2,
    )
    search.fit(X_train, y_train)
    print(f"on data it has not seen: {search.score(X_test, y_test):.3f}")


if __name__ == "__main__":
    main()
